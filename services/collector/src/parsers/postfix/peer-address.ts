import { parseAddress, senderPrefix } from '@tlsrep/core'
import { LineBytes, type LineText } from '../../framing/line-bytes.ts'
import { ownText } from '../../own-text.ts'
import { TextMemo } from '../text-memo.ts'
import type { Namaddr } from './namaddr.ts'

/** An address as logged, and what follows from it. */
export interface Address {
  text: string
  /** 16 bytes of network order; shared, so not to be changed. */
  bytes: Uint8Array
  /** The sender that its evidence is kept under. */
  sender: string
}

/** A session's lines repeat its address, and a peer comes again. */
const KNOWN_ADDRESSES = 4096
/** Longest text of an IPv6 address, with a zone. */
const ADDRESS_MAX = 64
const known = new TextMemo<Address>(KNOWN_ADDRESSES, ADDRESS_MAX)
/** The one that was read last. */
let newest: Address | undefined
const scratch = new LineBytes()

/** @returns undefined when the text is no IP address */
function readAddress(line: LineText, start: number, end: number): Address | undefined {
  const found = known.find(line, start, end)
  if (found !== undefined) {
    newest = found
    return found
  }
  const own = ownText(line.text, start, end)
  const bytes = parseAddress(own)
  if (bytes === undefined) return undefined
  const address = { text: own, bytes, sender: own.includes(':') ? senderPrefix(bytes) : `${own}/32` }
  known.keep(line, start, end, address)
  newest = address
  return address
}

/** The address of a scanned namaddr, copied and remembered: the lines of a session repeat it. */
export class PeerAddress {
  text = ''

  /**
   * Takes the address between the brackets. Postfix writes `unknown[unknown]` for a peer that was gone before its address was known,
   * and a local socket has a path.
   * @returns false when it is no IP address; then nothing changes
   */
  take(line: LineText, peer: Namaddr): boolean {
    const address = readAddress(line, peer.ipStart, peer.ipEnd)
    if (address === undefined) return false
    this.text = address.text
    return true
  }
}

/** What follows from an address that `PeerAddress` has taken. Not kept in open sessions: the text is half the size. */
export function addressOf(text: string): Address {
  if (newest !== undefined && newest.text === text) return newest
  const address = readAddress({ text, bytes: scratch.load(text) }, 0, text.length)
  if (address === undefined) throw new Error(`a session was opened for ${JSON.stringify(text)}, which is no address`)
  return address
}
