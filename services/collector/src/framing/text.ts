// Each file of this folder names the character codes that it looks for by constants of its own. An imported one is read from the other
// module's cell for every character, which costs the framer a fifth of its speed; V8 folds a module's own.

const ZERO = 0x30
const NINE = 0x39

/** Bounds of the caller are the caller's duty: a digit beyond the line belongs to the next one. */
export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

/** Value of the two digits at `at`, -1 when they are none. */
export function twoDigits(bytes: DataView, at: number): number {
  const tens = bytes.getUint8(at)
  const ones = bytes.getUint8(at + 1)
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : -1
}

/** Value of the four digits at `at`, -1 when they are none. */
export function fourDigits(bytes: DataView, at: number): number {
  const high = twoDigits(bytes, at)
  const low = twoDigits(bytes, at + 2)
  return high >= 0 && low >= 0 ? high * 100 + low : -1
}

/** Four bytes as one integer, so that two stamps are compared in four steps. */
export function fourBytes(bytes: DataView, at: number): number {
  return bytes.getInt32(at, true)
}

/** Whether a UTF-8 byte order mark, seen as latin1, begins at `at`. */
export function isByteOrderMark(bytes: DataView, at: number, end: number): boolean {
  return (
    at + 3 <= end && bytes.getUint8(at) === 0xef && bytes.getUint8(at + 1) === 0xbb && bytes.getUint8(at + 2) === 0xbf
  )
}

/** Digits of a second's fraction that a stamp may have: nanoseconds are the finest that syslog daemons write. */
const MAX_FRACTION_DIGITS = 9

/** Index after the digits of a fraction that begins at `at`; -1 when there are none or too many. */
export function fractionEnd(bytes: DataView, at: number, end: number): number {
  let next = at
  while (next < end && isDigit(bytes.getUint8(next))) next++
  const digits = next - at
  return digits > 0 && digits <= MAX_FRACTION_DIGITS ? next : -1
}

/** Whole milliseconds of the fraction whose digits stand from `at` to `end`; what is finer is cut off. */
export function fractionMillis(bytes: DataView, at: number, end: number): number {
  let millis = 0
  for (let index = at; index < at + 3; index++) millis = millis * 10 + (index < end ? bytes.getUint8(index) - ZERO : 0)
  return millis
}
