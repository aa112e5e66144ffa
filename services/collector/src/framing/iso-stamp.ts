import { dayStart, isDayOfYear, timeOfDay } from './calendar.ts'
import { type FramingContext, refuseStamp } from './context.ts'
import { fourBytes, fourDigits, fractionEnd, fractionMillis, twoDigits } from './text.ts'

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
  read(bytes: DataView, at: number, end: number): number
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

  function readMinute(bytes: DataView, at: number): boolean {
    const a = fourBytes(bytes, at)
    const b = fourBytes(bytes, at + 4)
    const c = fourBytes(bytes, at + 8)
    const d = fourBytes(bytes, at + 12)
    if (d === minuteText && c === hourText && b === dayText && a === yearText) return true
    minuteText = d
    hourText = c
    dayText = b
    minuteTime = parseMinute(context, bytes, at)
    // A bad minute is looked into again next time, so that the reason is found again.
    yearText = Number.isNaN(minuteTime) ? 0 : a
    return yearText !== 0
  }

  /** Reads the offset and the space after it; returns the index after the space. */
  function readOffset(bytes: DataView, at: number, end: number): number {
    if (at + OFFSET <= end) {
      const a = fourBytes(bytes, at)
      const b = fourBytes(bytes, at + 3)
      if (b === offsetText && a === signText && signText !== 0) return at + OFFSET
      signText = a
      offsetText = b
    }
    const next = offsetEnd(context, bytes, at, end)
    if (next > 0) offset = offsetMillis(bytes, at)
    if (next !== at + OFFSET) signText = 0
    return next
  }

  const stamp: IsoStamp = {
    time: 0,
    zoned: false,
    read(bytes, at, end) {
      if (at + MIN_ISO_STAMP > end || !readMinute(bytes, at) || bytes.getUint8(at + MINUTE) !== COLON) return -1
      const second = twoDigits(bytes, at + MINUTE + 1)
      if (second < 0) return -1
      if (second > 60) return refuseStamp(context)
      let millis = second * 1000
      let next = at + MINUTE + 3
      if (bytes.getUint8(next) === DOT) {
        const fraction = next + 1
        next = fractionEnd(bytes, fraction, end)
        if (next < 0) return -1
        millis += fractionMillis(bytes, fraction, next)
      }
      stamp.zoned = next >= end || bytes.getUint8(next) !== SPACE
      if (stamp.zoned) next = readOffset(bytes, next, end)
      else next++
      stamp.time = minuteTime + (stamp.zoned ? millis - offset : millis)
      return next
    },
  }
  return stamp
}

/** The minute `yyyy-mm-ddThh:mm` on a calendar without zones, NaN when it is none. */
function parseMinute(context: FramingContext, bytes: DataView, at: number): number {
  const year = fourDigits(bytes, at)
  const month = twoDigits(bytes, at + 5)
  const day = twoDigits(bytes, at + 8)
  const hour = twoDigits(bytes, at + 11)
  const minute = twoDigits(bytes, at + 14)
  const shape =
    bytes.getUint8(at + 4) === DASH &&
    bytes.getUint8(at + 7) === DASH &&
    (bytes.getUint8(at + 10) | LETTER_CASE) === LETTER_T &&
    bytes.getUint8(at + 13) === COLON
  if (!shape || Math.min(year, month, day, hour, minute) < 0) return Number.NaN
  const millis = timeOfDay(hour, minute, 0)
  if (isDayOfYear(year, month, day) && millis >= 0) return dayStart(year, month, day) + millis
  refuseStamp(context)
  return Number.NaN
}

/** Index after the offset at `at` and its space, -1 when it is none. */
function offsetEnd(context: FramingContext, bytes: DataView, at: number, end: number): number {
  if (at >= end) return -1
  const code = bytes.getUint8(at)
  if ((code | LETTER_CASE) === LETTER_Z) return afterSpace(bytes, at + 1, end)
  if ((code !== PLUS && code !== DASH) || at + 6 > end) return -1
  const minutesAt = minutesOfOffset(bytes, at)
  const hours = twoDigits(bytes, at + 1)
  const minutes = minutesAt + 2 > end ? -1 : twoDigits(bytes, minutesAt)
  if (hours < 0 || minutes < 0) return -1
  return hours > 23 || minutes > 59 ? refuseStamp(context) : afterSpace(bytes, minutesAt + 2, end)
}

/** Milliseconds east of UTC of the offset at `at`, which `offsetEnd` found good. */
function offsetMillis(bytes: DataView, at: number): number {
  const code = bytes.getUint8(at)
  if (code !== PLUS && code !== DASH) return 0
  const minutes = twoDigits(bytes, at + 1) * 60 + twoDigits(bytes, minutesOfOffset(bytes, at))
  return (code === PLUS ? minutes : -minutes) * MINUTE_MS
}

function minutesOfOffset(bytes: DataView, at: number): number {
  return bytes.getUint8(at + 3) === COLON ? at + 4 : at + 3
}

function afterSpace(bytes: DataView, at: number, end: number): number {
  return at < end && bytes.getUint8(at) === SPACE ? at + 1 : -1
}
