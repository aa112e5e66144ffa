import { type FramingContext, refuseStamp } from './context.ts'
import type { Framing, LogLine } from './framing.ts'
import { hashOf, type Interner } from './interner.ts'
import { createIsoStamp, MIN_ISO_STAMP } from './iso-stamp.ts'
import { MAX_NAME, readPid, skipPri } from './syslog-header.ts'
import { isByteOrderMark } from './text.ts'

const BACKSLASH = 0x5c
const CLOSE = 0x5d
const DASH = 0x2d
const EQUALS = 0x3d
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
  function readStamp(text: string, at: number, end: number): number {
    if (at + 1 < end && text.charCodeAt(at) === DASH && text.charCodeAt(at + 1) === SPACE) return refuseStamp(context)
    const next = at + MIN_ISO_STAMP > end ? -1 : stamp.read(text, at, end)
    return stamp.zoned ? next : -1
  }

  return {
    name: 'rfc5424',
    frame(line) {
      const { text, start, end } = line
      const version = skipPri(text, start, end)
      if (version <= start || version + VERSION > end || !text.startsWith('1 ', version)) return false
      const hostAt = readStamp(text, version + VERSION, end)
      const programAt = hostAt < 0 ? -1 : fieldEnd(text, hostAt, end)
      const pidAt = programAt < 0 ? -1 : fieldEnd(text, programAt, end)
      const msgidAt = pidAt < 0 ? -1 : fieldEnd(text, pidAt, end)
      const dataAt = msgidAt < 0 ? -1 : fieldEnd(text, msgidAt, end)
      const dataEnd = dataAt < 0 ? -1 : structuredDataEnd(text, dataAt, end)
      if (dataEnd < 0) return false
      line.time = stamp.time
      line.host = nameField(text, hostAt, programAt - 1, hosts)
      line.program = nameField(text, programAt, pidAt - 1, programs)
      line.pid = readPid(text, pidAt, msgidAt - 1)
      line.message = messageStart(line, dataEnd)
      return true
    },
  }
}

/** Index after the field at `at` and its space, -1 when it is empty, too long, or the last. */
function fieldEnd(text: string, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_NAME + 1)
  for (let index = at; index < limit; index++) {
    if (text.charCodeAt(index) === SPACE) return index > at ? index + 1 : -1
  }
  return -1
}

function nameField(text: string, at: number, end: number, names: Interner): string {
  if (end - at === 1 && text.charCodeAt(at) === DASH) return ''
  return names.intern(text, at, end, hashOf(text, at, end))
}

/** Index after the structured data, `-` or elements without anything between them (RFC 5424 §6.3); -1 when it is broken. */
function structuredDataEnd(text: string, at: number, end: number): number {
  let index = at
  if (index < end && text.charCodeAt(index) === DASH) index++
  else while (index >= 0 && index < end && text.charCodeAt(index) === OPEN) index = elementEnd(text, index, end)
  if (index <= at) return -1
  return index === end || text.charCodeAt(index) === SPACE ? index : -1
}

/** Index after the `]` of the element `[id name="value" …]` at `at`, -1 when it is broken. */
function elementEnd(text: string, at: number, end: number): number {
  let index = wordEnd(text, at + 1, end)
  if (index === at + 1) return -1
  while (index >= 0 && index < end && text.charCodeAt(index) === SPACE) index = parameterEnd(text, index + 1, end)
  return index >= 0 && index < end && text.charCodeAt(index) === CLOSE ? index + 1 : -1
}

/** Index after the closing quote of `name="value"`; in the value a backslash takes the next character's meaning (§6.3.3). */
function parameterEnd(text: string, at: number, end: number): number {
  const equals = wordEnd(text, at, end)
  if (equals === at || equals + 1 >= end) return -1
  if (text.charCodeAt(equals) !== EQUALS || text.charCodeAt(equals + 1) !== QUOTE) return -1
  for (let index = equals + 2; index < end; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) return index + 1
    if (code === BACKSLASH) index++
  }
  return -1
}

/** Index of the first character that an SD-NAME cannot have (§6.3.2). */
function wordEnd(text: string, at: number, end: number): number {
  let index = at
  while (index < end) {
    const code = text.charCodeAt(index)
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
  const { text, end } = line
  let start = dataEnd < end ? dataEnd + 1 : end
  if (start < end && text.charCodeAt(start) === SPACE) start++
  return isByteOrderMark(text, start, end) ? start + 3 : start
}
