import type { LogLine } from './framing.ts'
import { says, words } from './line-bytes.ts'
import { isDigit } from './text.ts'

const CLOSE = 0x5d
const SPACE = 0x20
const ZERO = 0x30

const BEFORE = words('message repeated ')
const BETWEEN = words(' times: [')
/** Bounds the count; it is still the word of whoever may write to the syslog daemon. */
const MAX_DIGITS = 9

/**
 * Narrows a line of rsyslog's repeated-message reduction, `message repeated N times: [ text]` (runtime/ratelimit.c), to the text.
 * @returns N, or 1 when the line is no such line; then it is left as it was.
 */
export function unwrapRepeated(line: LogLine): number {
  const { bytes, message, end } = line
  if (!says(bytes, message, BEFORE)) return 1
  const digits = message + BEFORE.length
  let count = 0
  let at = digits
  while (at < end && at < digits + MAX_DIGITS && isDigit(bytes.getUint8(at))) {
    count = count * 10 + bytes.getUint8(at) - ZERO
    at++
  }
  const inner = at + BETWEEN.length
  if (count === 0 || inner >= end || !says(bytes, at, BETWEEN) || bytes.getUint8(end - 1) !== CLOSE) return 1
  line.message = bytes.getUint8(inner) === SPACE ? inner + 1 : inner
  line.end = end - 1
  return count
}
