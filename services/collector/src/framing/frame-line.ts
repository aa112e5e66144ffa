import { type ClockOptions, createClock, type SourceTime } from './clock.ts'
import { createFramingContext } from './context.ts'
import type { LogLine } from './framing.ts'
import { createRfc3164 } from './rfc3164.ts'
import { createRfc3339 } from './rfc3339.ts'
import { createRfc5424 } from './rfc5424.ts'
import { skipPri } from './syslog-header.ts'
import { isByteOrderMark, isDigit } from './text.ts'

const LESS = 0x3c
const SPACE = 0x20

export type FramingName = 'rfc3164' | 'rfc3339' | 'rfc5424'

/**
 * Why a line has no frame.
 * - `empty`: nothing or blanks; no loss
 * - `binary`: NUL or mostly control characters, e.g. UTF-16 or a compressed file
 * - `bad_stamp`: a known framing, but its stamp names no time
 * - `no_framing`: none of the known framings
 */
export type FrameRefusal = 'no_framing' | 'bad_stamp' | 'binary' | 'empty'

/** Finds the framing of each line by itself, so that a file may mix them. */
export interface Framer {
  /**
   * Fills in message, time, host, program and pid. Also takes a carriage return off the line's end, and a byte order mark off the
   * beginning of a source's first line (offset 0). When it refuses, those fields are undefined.
   */
  frame(line: LogLine): true | FrameRefusal
  /** Begins another source; the clocks of hosts that were seen are remembered. */
  startSource(source: SourceTime): void
  /** For live sources: the time of receipt of the lines that come next. */
  receivedAt(notAfter: number): void
  /** Lines framed so far, by framing. */
  readonly counts: Readonly<Record<FramingName, number>>
}

/** @throws an Error that names the zone when `options` has one that does not exist. */
export function createFramer(options: ClockOptions): Framer {
  const clock = createClock(options)
  const context = createFramingContext(clock)
  const rfc3164 = createRfc3164(context)
  const rfc3339 = createRfc3339(context)
  const rfc5424 = createRfc5424(context)
  const counts = { rfc3164: 0, rfc3339: 0, rfc5424: 0 }

  /** The first characters leave one framing for each line. */
  function tryFraming(line: LogLine): boolean {
    const { bytes } = line
    const at = shapeStart(bytes, line.start, line.end)
    // Shorter lines are of no framing, and the most common one has the last word on that.
    if (at + 4 >= line.end || !isDigit(bytes.getUint8(at))) return tryRfc3164(line)
    if (bytes.getUint8(at + 1) === SPACE) return tryRfc5424(line)
    return bytes.getUint8(at + 4) === SPACE ? tryRfc3164(line) : tryRfc3339(line)
  }

  function tryRfc3164(line: LogLine): boolean {
    if (!rfc3164.frame(line)) return false
    counts.rfc3164++
    return true
  }

  function tryRfc3339(line: LogLine): boolean {
    if (!rfc3339.frame(line)) return false
    counts.rfc3339++
    return true
  }

  function tryRfc5424(line: LogLine): boolean {
    if (!rfc5424.frame(line)) return false
    counts.rfc5424++
    return true
  }

  function withoutByteOrderMark(line: LogLine): boolean {
    if (line.offset !== 0 || !isByteOrderMark(line.bytes, line.start, line.end)) return false
    line.start += 3
    return tryFraming(line)
  }

  function refusal(line: LogLine): FrameRefusal {
    const badStamp = context.badStamp
    context.badStamp = false
    const nature = natureOf(line)
    if (nature !== 'text') return nature
    return badStamp ? 'bad_stamp' : 'no_framing'
  }

  return {
    counts,
    frame(line) {
      if (line.end > line.start && line.bytes.getUint8(line.end - 1) === CARRIAGE_RETURN) line.end--
      if (tryFraming(line) || withoutByteOrderMark(line)) return true
      return refusal(line)
    },
    startSource: (source) => clock.startSource(source),
    receivedAt: (notAfter) => clock.receivedAt(notAfter),
  }
}

const CARRIAGE_RETURN = 0x0d
const TAB = 0x09
const DELETE = 0x7f

/** Where the stamp or version begins; the line's end when its priority is broken. */
function shapeStart(bytes: DataView, start: number, end: number): number {
  if (start >= end || bytes.getUint8(start) !== LESS) return start
  const at = skipPri(bytes, start, end)
  return at < 0 ? end : at
}

/** What a line without a frame is made of. Only such lines are looked through whole. */
function natureOf(line: LogLine): 'empty' | 'binary' | 'text' {
  let controls = 0
  let blanks = 0
  for (let index = line.start; index < line.end; index++) {
    const code = line.text.charCodeAt(index)
    if (code === 0) return 'binary'
    if (code === SPACE || code === TAB) blanks++
    else if (code < SPACE || code === DELETE) controls++
  }
  const length = line.end - line.start
  if (blanks === length) return 'empty'
  return controls * 2 > length ? 'binary' : 'text'
}
