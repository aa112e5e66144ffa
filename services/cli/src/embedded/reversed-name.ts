import { isIpv4, parseAddress } from '@tlsrep/core'

/** The labels under which a DNSBL is asked for the first address of a sender (RFC 5782 sections 2.1 and 2.4). */
export function reversedName(sender: string): string {
  const bytes = parseAddress(sender.replace(/\/\d+$/, ''))
  if (bytes === undefined) throw new Error(`${JSON.stringify(sender)} is no address`)
  if (isIpv4(bytes)) return [...bytes.subarray(12)].reverse().join('.')
  return [...Buffer.from(bytes).toString('hex')].reverse().join('.')
}
