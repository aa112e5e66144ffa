import { dayStart, isDayOfSomeYear, isDayOfYear, timeOfDay } from './calendar.ts'
import { type FramingContext, refuseStamp } from './context.ts'
import type { Framing, LogLine } from './framing.ts'
import { copyBytes, isSame, words } from './line-bytes.ts'
import { MAX_NAME, readHost, readTag, skipPri } from './syslog-header.ts'
import { fourBytes, fourDigits, fractionEnd, fractionMillis, isDigit, twoDigits } from './text.ts'

const COLON = 0x3a
const DOT = 0x2e
const SPACE = 0x20
const ZERO = 0x30

const MONTHS = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, index) => [
    words(`${name} `).first,
    index + 1,
  ]),
)

/** `Mmm dd hh:mm:ss `: no stamp is shorter, but for a day of one digit without padding. */
const STAMP = 16
/** `yyyy Mmm dd hh:mm:ss.fffffffff ` or longer by a padded day; what is longer is read anew for each line. */
const MAX_STAMP = 40

interface Stamp {
  /** -1 where the stamp has none. */
  year: number
  month: number
  day: number
  /** Milliseconds since midnight. */
  millis: number
}

/**
 * `[<PRI>]Mmm dd hh:mm:ss host program[pid]: message` (RFC 3164 §4.1.2 and §5). The day is padded by a space (syslog daemons) or a
 * zero (Postfix' own maillog_file, src/util/msg_logger.c) or not at all; a year may stand before the month or after the day, and a
 * fraction after the seconds.
 */
export function createRfc3164(context: FramingContext): Framing {
  const { clock, hosts, programs } = context
  const stamp: Stamp = { year: -1, month: 0, day: 0, millis: 0 }
  /** Stamp, host and the spaces behind them of the last line that had both; most lines begin as the one before did. */
  const lastHead = new DataView(new ArrayBuffer(MAX_STAMP + MAX_NAME + 1))
  let lastLength = 0
  let lastHost = ''
  let lastTime = 0
  let lastRevision = -1

  function instant(host: string): number {
    const { year, month, day, millis } = stamp
    return year < 0 ? clock.yearless(host, month, day, millis) : clock.local(host, dayStart(year, month, day) + millis)
  }

  /** @returns the index of the tag, -1 when stamp or host are none */
  function readHead(line: LogLine, at: number): number {
    // Where this head is none, `stamp` is half of it, and not that of the last head any more.
    lastLength = 0
    const afterStamp = parseStamp(context, stamp, line.bytes, at, line.end)
    const tag = afterStamp < 0 ? -1 : readHost(line, afterStamp, hosts)
    if (tag < 0) return -1
    lastHost = line.host
    if (tag > afterStamp && tag - at <= lastHead.byteLength) {
      lastLength = tag - at
      copyBytes(line.bytes, at, lastLength, lastHead, 0)
    }
    lastRevision = -1
    return tag
  }

  return {
    name: 'rfc3164',
    frame(line: LogLine) {
      const { bytes, end } = line
      const at = skipPri(bytes, line.start, end)
      if (at < 0 || at + STAMP > end) return false
      const again = lastLength > 0 && at + lastLength <= end && isSame(bytes, at, lastHead, 0, lastLength)
      const tag = again ? at + lastLength : readHead(line, at)
      if (tag < 0) return false
      line.host = lastHost
      if (!readTag(line, tag, programs)) return false
      if (clock.revision !== lastRevision) {
        lastTime = instant(lastHost)
        lastRevision = clock.revision
      }
      line.time = lastTime
      return true
    },
  }
}

/** @returns the index after the stamp and its space, -1 when there is no stamp. */
function parseStamp(context: FramingContext, stamp: Stamp, bytes: DataView, start: number, end: number): number {
  stamp.year = leadingYear(bytes, start)
  const month = stamp.year < 0 ? start : start + 5
  const time = parseDate(stamp, bytes, month, end)
  if (time < 0) return -1
  const afterSeconds = parseTime(stamp, bytes, time, end)
  const next = afterSeconds < 0 ? -1 : parseFraction(stamp, bytes, afterSeconds, end)
  if (next < 0) return -1
  const { year, day } = stamp
  const isDay = year < 0 ? isDayOfSomeYear(stamp.month, day) : isDayOfYear(year, stamp.month, day)
  return isDay && stamp.millis >= 0 ? next : refuseStamp(context)
}

/** The year of `2025 Oct  5 …` or `5 2025 …`, -1 where none stands. The caller leaves sixteen characters for it. */
function leadingYear(bytes: DataView, at: number): number {
  return bytes.getUint8(at + 4) === SPACE ? fourDigits(bytes, at) : -1
}

/** Reads `Mmm dd ` or `Mmm dd yyyy `; returns where the time of day begins. */
function parseDate(stamp: Stamp, bytes: DataView, at: number, end: number): number {
  stamp.month = MONTHS.get(fourBytes(bytes, at)) ?? 0
  if (stamp.month === 0) return -1
  let index = bytes.getUint8(at + 4) === SPACE ? at + 5 : at + 4
  const tens = bytes.getUint8(index) - ZERO
  if (!isDigit(tens + ZERO)) return -1
  const ones = bytes.getUint8(index + 1) - ZERO
  const single = !isDigit(ones + ZERO)
  stamp.day = single ? tens : tens * 10 + ones
  index += single ? 1 : 2
  if (bytes.getUint8(index) !== SPACE) return -1
  const year = stamp.year < 0 && index + 6 <= end ? leadingYear(bytes, index + 1) : -1
  if (year < 0) return index + 1
  stamp.year = year
  return index + 6
}

/** Reads `hh:mm:ss`; returns the index after it, and a negative `stamp.millis` when no clock shows that. */
function parseTime(stamp: Stamp, bytes: DataView, at: number, end: number): number {
  if (at + 9 > end || bytes.getUint8(at + 2) !== COLON || bytes.getUint8(at + 5) !== COLON) return -1
  const hour = twoDigits(bytes, at)
  const minute = twoDigits(bytes, at + 3)
  const second = twoDigits(bytes, at + 6)
  if (hour < 0 || minute < 0 || second < 0) return -1
  stamp.millis = timeOfDay(hour, minute, second)
  return at + 8
}

/** Reads an optional fraction and the space after the stamp; returns the index after the space. */
function parseFraction(stamp: Stamp, bytes: DataView, at: number, end: number): number {
  let next = at
  if (bytes.getUint8(at) === DOT) {
    next = fractionEnd(bytes, at + 1, end)
    if (next < 0) return -1
    if (stamp.millis >= 0) stamp.millis += fractionMillis(bytes, at + 1, next)
  }
  return next < end && bytes.getUint8(next) === SPACE ? next + 1 : -1
}
