import { parseAddress } from '@tlsrep/core'
import { ownText } from '../../own-text.ts'
import type { Namaddr } from './namaddr.ts'

/** The address of a scanned namaddr, remembered: the lines of a session repeat it. */
export class PeerAddress {
  text = ''
  bytes: Uint8Array = new Uint8Array(16)

  /**
   * Takes the address between the brackets. Postfix writes `unknown[unknown]` for a peer that was gone before its address was known,
   * and a local socket has a path.
   * @returns false when it is no IP address; then nothing changes
   */
  take(text: string, peer: Namaddr): boolean {
    const { ipStart, ipEnd } = peer
    if (ipEnd - ipStart === this.text.length && text.startsWith(this.text, ipStart)) return true
    const own = ownText(text, ipStart, ipEnd)
    const bytes = parseAddress(own)
    if (bytes === undefined) return false
    this.text = own
    this.bytes = bytes
    return true
  }
}
