/** The values of records as JSON text, as the generated `json.generated.ts` calls them. */

const PLAIN = /^[ !#-[\]-~]*$/

/**
 * What JSON lets through and a terminal or a reader must not meet raw: DEL and the C1 controls, the line separators, and the marks that
 * turn the direction of text around them.
 */
const HOSTILE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const DAY = 86_400_000

/** RFC 3339 has years of four digits: 0000-01-01 to 9999-12-31. */
const FIRST_TIME = Date.parse('0000-01-01T00:00:00Z')
const END_OF_TIME = Date.UTC(10_000, 0, 1)

/**
 * A string as it stands between JSON's quotes. Text written by a peer stays text: every control character is escaped, so that none acts
 * on the terminal that shows it.
 */
export function stringText(value: string): string {
  if (PLAIN.test(value)) return value
  const json = JSON.stringify(value).slice(1, -1)
  return json.replace(HOSTILE, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Bytes as hexadecimal digits: identities and hashes. */
export function hexText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] ?? 0]
  return text
}

/** Bytes of any length as base64 (RFC 4648). */
export function base64Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

let cachedDay = Number.NaN
let cachedDate = ''

/** The UTC date of a day number as YYYY-MM-DD. Logs go on from day to day, so the last one is remembered. */
function dateText(day: number): string {
  if (day !== cachedDay) {
    cachedDate = new Date(day * DAY).toISOString().slice(0, 10)
    cachedDay = day
  }
  return cachedDate
}

/** Milliseconds since 1970 UTC as RFC 3339 with milliseconds; what RFC 3339 cannot say stays a number. */
export function jsonTime(time: number): string {
  if (!(time >= FIRST_TIME && time < END_OF_TIME)) return String(time)
  const day = Math.floor(time / DAY)
  const inDay = time - day * DAY
  const seconds = Math.floor(inDay / 1000)
  const minutes = Math.floor(seconds / 60)
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`
  return `"${dateText(day)}T${clock}.${String(inDay % 1000).padStart(3, '0')}Z"`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Days since 1970-01-01 as an RFC 3339 full-date; what RFC 3339 cannot say stays a number. */
export function jsonDate(day: number): string {
  const time = day * DAY
  return time >= FIRST_TIME && time < END_OF_TIME ? `"${dateText(day)}"` : String(day)
}

/** JSON has no infinities and no NaN: null. */
export function jsonDouble(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null'
}

export function jsonArray<T>(items: readonly T[], text: (item: T) => string): string {
  let json = '['
  for (let i = 0; i < items.length; i++) json += (i === 0 ? '' : ',') + text(items[i] as T)
  return `${json}]`
}
