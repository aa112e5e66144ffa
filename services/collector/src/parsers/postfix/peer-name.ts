import type { LineText } from '../../framing/line-bytes.ts'
import { ownUtf8 } from '../../own-text.ts'
import { TextMemo } from '../text-memo.ts'
import type { Namaddr } from './namaddr.ts'

/** A peer comes again, and many a peer has no name but `unknown`. */
const KNOWN_NAMES = 4096
const known = new TextMemo<string>(KNOWN_NAMES)

/** The host of a scanned namaddr, copied and remembered. */
export function peerName(line: LineText, { hostStart, hostEnd }: Namaddr): string {
  const found = known.find(line, hostStart, hostEnd)
  if (found !== undefined) return found
  const name = ownUtf8(line.text, hostStart, hostEnd)
  known.keep(line, hostStart, hostEnd, name)
  return name
}
