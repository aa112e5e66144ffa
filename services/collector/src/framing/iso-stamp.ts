import { dayStart, isDayOfYear, timeOfDay } from './calendar.ts'
import { type FramingContext, refuseStamp } from './context.ts'
import { fourChars, fourDigits, fractionEnd, fractionMillis, twoDigits } from './text.ts'

const COLON = 0x3a
const DASH = 0x2d
const DOT = 0x2e
const SPACE = 0x20

/** `yyyy-mm-ddThh:mm:ss`, and the space or the zone after it. */
export const MIN_ISO_STAMP = 20
const MINUTE = 16
/** `±hh:mm ` */
const OFFSET = 7
const LETTER_CASE = 0x20
const LETTER_T = 0x74
const LETTER_Z = 0x7a
const PLUS = 0x2b
const MINUTE_MS = 60_000

/** Reads stamps of RFC 3339 §5.6; keeps what the last one said. */
export interface IsoStamp {
  /** The instant; where the stamp has no zone, milliseconds on a calendar without zones. */
  time: number
  zoned: boolean
  /** @returns the index after the stamp's space, -1 when there is no stamp. */
  read(text: string, at: number, end: number): number
}

/** The offset may be `Z`, `±hh:mm` or `±hhmm`, or miss. A log's lines share minute and offset, so those are read once. */
export function createIsoStamp(context: FramingContext): IsoStamp {
  let yearText = 0
  let dayText = 0
  let hourText = 0
  let minuteText = 0
  let minuteTime = Number.NaN
  let signText = 0
  let offsetText = 0
  let offset = 0

  function readMinute(text: string, at: number): boolean {
    const a = fourChars(text, at)
    const b = fourChars(text, at + 4)
    const c = fourChars(text, at + 8)
    const d = fourChars(text, at + 12)
    if (d === minuteText && c === hourText && b === dayText && a === yearText) return true
    minuteText = d
    hourText = c
    dayText = b
    minuteTime = parseMinute(context, text, at)
    // A bad minute is looked into again next time, so that the reason is found again.
    yearText = Number.isNaN(minuteTime) ? 0 : a
    return yearText !== 0
  }

  /** Reads the offset and the space after it; returns the index after the space. */
  function readOffset(text: string, at: number, end: number): number {
    if (at + OFFSET <= end) {
      const a = fourChars(text, at)
      const b = fourChars(text, at + 3)
      if (b === offsetText && a === signText && signText !== 0) return at + OFFSET
      signText = a
      offsetText = b
    }
    const next = offsetEnd(context, text, at, end)
    if (next > 0) offset = offsetMillis(text, at)
    if (next !== at + OFFSET) signText = 0
    return next
  }

  const stamp: IsoStamp = {
    time: 0,
    zoned: false,
    read(text, at, end) {
      if (at + MIN_ISO_STAMP > end || !readMinute(text, at) || text.charCodeAt(at + MINUTE) !== COLON) return -1
      const second = twoDigits(text, at + MINUTE + 1)
      if (second < 0) return -1
      if (second > 60) return refuseStamp(context)
      let millis = second * 1000
      let next = at + MINUTE + 3
      if (text.charCodeAt(next) === DOT) {
        const fraction = next + 1
        next = fractionEnd(text, fraction, end)
        if (next < 0) return -1
        millis += fractionMillis(text, fraction, next)
      }
      stamp.zoned = next >= end || text.charCodeAt(next) !== SPACE
      if (stamp.zoned) next = readOffset(text, next, end)
      else next++
      stamp.time = minuteTime + (stamp.zoned ? millis - offset : millis)
      return next
    },
  }
  return stamp
}

/** The minute `yyyy-mm-ddThh:mm` on a calendar without zones, NaN when it is none. */
function parseMinute(context: FramingContext, text: string, at: number): number {
  const year = fourDigits(text, at)
  const month = twoDigits(text, at + 5)
  const day = twoDigits(text, at + 8)
  const hour = twoDigits(text, at + 11)
  const minute = twoDigits(text, at + 14)
  const shape =
    text.charCodeAt(at + 4) === DASH &&
    text.charCodeAt(at + 7) === DASH &&
    (text.charCodeAt(at + 10) | LETTER_CASE) === LETTER_T &&
    text.charCodeAt(at + 13) === COLON
  if (!shape || Math.min(year, month, day, hour, minute) < 0) return Number.NaN
  const millis = timeOfDay(hour, minute, 0)
  if (isDayOfYear(year, month, day) && millis >= 0) return dayStart(year, month, day) + millis
  refuseStamp(context)
  return Number.NaN
}

/** Index after the offset at `at` and its space, -1 when it is none. */
function offsetEnd(context: FramingContext, text: string, at: number, end: number): number {
  if (at >= end) return -1
  const code = text.charCodeAt(at)
  if ((code | LETTER_CASE) === LETTER_Z) return afterSpace(text, at + 1, end)
  if ((code !== PLUS && code !== DASH) || at + 6 > end) return -1
  const minutesAt = minutesOfOffset(text, at)
  const hours = twoDigits(text, at + 1)
  const minutes = minutesAt + 2 > end ? -1 : twoDigits(text, minutesAt)
  if (hours < 0 || minutes < 0) return -1
  return hours > 23 || minutes > 59 ? refuseStamp(context) : afterSpace(text, minutesAt + 2, end)
}

/** Milliseconds east of UTC of the offset at `at`, which `offsetEnd` found good. */
function offsetMillis(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code !== PLUS && code !== DASH) return 0
  const minutes = twoDigits(text, at + 1) * 60 + twoDigits(text, minutesOfOffset(text, at))
  return (code === PLUS ? minutes : -minutes) * MINUTE_MS
}

function minutesOfOffset(text: string, at: number): number {
  return text.charCodeAt(at + 3) === COLON ? at + 4 : at + 3
}

function afterSpace(text: string, at: number, end: number): number {
  return at < end && text.charCodeAt(at) === SPACE ? at + 1 : -1
}
