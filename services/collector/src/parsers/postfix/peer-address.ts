import { parseAddress } from '@tlsrep/core'
import { ownText } from '../../own-text.ts'
import { hasIp, type Namaddr } from './namaddr.ts'

/** The address of a scanned namaddr, copied and remembered: the lines of a session repeat it. */
export class PeerAddress {
  /** At first what no brackets can hold alone, so that empty ones are not taken for it. */
  text = '?'

  /**
   * Takes the address between the brackets. Postfix writes `unknown[unknown]` for a peer that was gone before its address was known,
   * and a local socket has a path.
   * @returns false when it is no IP address; then nothing changes
   */
  take(text: string, peer: Namaddr): boolean {
    if (hasIp(text, peer, this.text)) return true
    const own = ownText(text, peer.ipStart, peer.ipEnd)
    if (parseAddress(own) === undefined) return false
    this.text = own
    return true
  }
}

/** Bytes of an address that `PeerAddress` has taken. Not kept in open sessions: the text is half the size. */
export function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text)
  if (bytes === undefined) throw new Error(`a session was opened for ${JSON.stringify(text)}, which is no address`)
  return bytes
}
