import { ipText } from '@tlsrep/schemas'
import { isIpv4 } from './address.ts'

const IPV6_BYTES = 6

/**
 * Key of a session's event: the peer's /24 or /48, so that all that is known of a network comes to one reader, in order.
 * @param address 16 bytes
 */
export function peerNetwork(address: Uint8Array): string {
  if (isIpv4(address)) return `${address[12]}.${address[13]}.${address[14]}.0/24`
  const network = new Uint8Array(16)
  network.set(address.subarray(0, IPV6_BYTES))
  return `${ipText(network)}/48`
}
