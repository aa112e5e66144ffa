// Each file of this folder names the character codes that it looks for by constants of its own. An imported one is read from the other
// module's cell for every character, which costs the framer a fifth of its speed; V8 folds a module's own.

const ZERO = 0x30
const NINE = 0x39

/** Bounds of the caller are the caller's duty: a digit beyond the line belongs to the next one. */
export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

/** Value of the two digits at `at`, -1 when they are none. */
export function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : -1
}

/** Value of the four digits at `at`, -1 when they are none. */
export function fourDigits(text: string, at: number): number {
  const high = twoDigits(text, at)
  const low = twoDigits(text, at + 2)
  return high >= 0 && low >= 0 ? high * 100 + low : -1
}

/** Four latin1 characters as one integer, so that two stamps are compared in four steps. */
export function fourChars(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  )
}

/** Whether a UTF-8 byte order mark, seen as latin1, begins at `at`. */
export function isByteOrderMark(text: string, at: number, end: number): boolean {
  return (
    at + 3 <= end &&
    text.charCodeAt(at) === 0xef &&
    text.charCodeAt(at + 1) === 0xbb &&
    text.charCodeAt(at + 2) === 0xbf
  )
}

/** Digits of a second's fraction that a stamp may have: nanoseconds are the finest that syslog daemons write. */
const MAX_FRACTION_DIGITS = 9

/** Index after the digits of a fraction that begins at `at`; -1 when there are none or too many. */
export function fractionEnd(text: string, at: number, end: number): number {
  let next = at
  while (next < end && isDigit(text.charCodeAt(next))) next++
  const digits = next - at
  return digits > 0 && digits <= MAX_FRACTION_DIGITS ? next : -1
}

/** Whole milliseconds of the fraction whose digits stand from `at` to `end`; what is finer is cut off. */
export function fractionMillis(text: string, at: number, end: number): number {
  let millis = 0
  for (let index = at; index < at + 3; index++) millis = millis * 10 + (index < end ? text.charCodeAt(index) - ZERO : 0)
  return millis
}
