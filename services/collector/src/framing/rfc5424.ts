import { type FramingContext, refuseStamp } from './context.ts'
import type { Framing, LogLine } from './framing.ts'
import { hashOf, type Interner } from './interner.ts'
import { createIsoStamp, MIN_ISO_STAMP } from './iso-stamp.ts'
import type { LineText } from './line-bytes.ts'
import { MAX_NAME, readPid, skipPri } from './syslog-header.ts'
import { isByteOrderMark } from './text.ts'

const BACKSLASH = 0x5c
const CLOSE = 0x5d
const DASH = 0x2d
const EQUALS = 0x3d
const ONE = 0x31
const OPEN = 0x5b
const QUOTE = 0x22
const SPACE = 0x20

/** `1 ` after the priority. */
const VERSION = 2

/** `<PRI>1 stamp host program pid msgid structured-data message` (RFC 5424 §6). A field that is `-` is missing. */
export function createRfc5424(context: FramingContext): Framing {
  const { hosts, programs } = context
  const stamp = createIsoStamp(context)

  /** The standard has no stamp without a zone, and no time to go by for a line without a stamp. */
  function readStamp(bytes: DataView, at: number, end: number): number {
    if (at + 1 < end && bytes.getUint8(at) === DASH && bytes.getUint8(at + 1) === SPACE) return refuseStamp(context)
    const next = at + MIN_ISO_STAMP > end ? -1 : stamp.read(bytes, at, end)
    return stamp.zoned ? next : -1
  }

  return {
    name: 'rfc5424',
    frame(line) {
      const { bytes, start, end } = line
      const version = skipPri(bytes, start, end)
      if (
        version <= start ||
        version + VERSION > end ||
        bytes.getUint8(version) !== ONE ||
        bytes.getUint8(version + 1) !== SPACE
      )
        return false
      const hostAt = readStamp(bytes, version + VERSION, end)
      const programAt = hostAt < 0 ? -1 : fieldEnd(bytes, hostAt, end)
      const pidAt = programAt < 0 ? -1 : fieldEnd(bytes, programAt, end)
      const msgidAt = pidAt < 0 ? -1 : fieldEnd(bytes, pidAt, end)
      const dataAt = msgidAt < 0 ? -1 : fieldEnd(bytes, msgidAt, end)
      const dataEnd = dataAt < 0 ? -1 : structuredDataEnd(bytes, dataAt, end)
      if (dataEnd < 0) return false
      line.time = stamp.time
      line.host = nameField(line, hostAt, programAt - 1, hosts)
      line.program = nameField(line, programAt, pidAt - 1, programs)
      line.pid = readPid(bytes, pidAt, msgidAt - 1)
      line.message = messageStart(line, dataEnd)
      return true
    },
  }
}

/** Index after the field at `at` and its space, -1 when it is empty, too long, or the last. */
function fieldEnd(bytes: DataView, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_NAME + 1)
  for (let index = at; index < limit; index++) {
    if (bytes.getUint8(index) === SPACE) return index > at ? index + 1 : -1
  }
  return -1
}

function nameField({ text, bytes }: LineText, at: number, end: number, names: Interner): string {
  if (end - at === 1 && bytes.getUint8(at) === DASH) return ''
  return names.intern(text, at, end, hashOf(text, at, end))
}

/** Index after the structured data, `-` or elements without anything between them (RFC 5424 §6.3); -1 when it is broken. */
function structuredDataEnd(bytes: DataView, at: number, end: number): number {
  let index = at
  if (index < end && bytes.getUint8(index) === DASH) index++
  else while (index >= 0 && index < end && bytes.getUint8(index) === OPEN) index = elementEnd(bytes, index, end)
  if (index <= at) return -1
  return index === end || bytes.getUint8(index) === SPACE ? index : -1
}

/** Index after the `]` of the element `[id name="value" …]` at `at`, -1 when it is broken. */
function elementEnd(bytes: DataView, at: number, end: number): number {
  let index = wordEnd(bytes, at + 1, end)
  if (index === at + 1) return -1
  while (index >= 0 && index < end && bytes.getUint8(index) === SPACE) index = parameterEnd(bytes, index + 1, end)
  return index >= 0 && index < end && bytes.getUint8(index) === CLOSE ? index + 1 : -1
}

/** Index after the closing quote of `name="value"`; in the value a backslash takes the next character's meaning (§6.3.3). */
function parameterEnd(bytes: DataView, at: number, end: number): number {
  const equals = wordEnd(bytes, at, end)
  if (equals === at || equals + 1 >= end) return -1
  if (bytes.getUint8(equals) !== EQUALS || bytes.getUint8(equals + 1) !== QUOTE) return -1
  for (let index = equals + 2; index < end; index++) {
    const code = bytes.getUint8(index)
    if (code === QUOTE) return index + 1
    if (code === BACKSLASH) index++
  }
  return -1
}

/** Index of the first character that an SD-NAME cannot have (§6.3.2). */
function wordEnd(bytes: DataView, at: number, end: number): number {
  let index = at
  while (index < end) {
    const code = bytes.getUint8(index)
    if (code <= SPACE || code === EQUALS || code === CLOSE || code === QUOTE) break
    index++
  }
  return index
}

/**
 * The message after its space, and after a byte order mark (§6.4). rsyslog leaves the space that followed a RFC 3164 tag at the
 * message's beginning (RSYSLOG_SyslogProtocol23Format); no mail server's message begins with one.
 */
function messageStart(line: LogLine, dataEnd: number): number {
  const { bytes, end } = line
  let start = dataEnd < end ? dataEnd + 1 : end
  if (start < end && bytes.getUint8(start) === SPACE) start++
  return isByteOrderMark(bytes, start, end) ? start + 3 : start
}
