import type { LogLine } from './framing.ts'
import type { Interner } from './interner.ts'
import { says, words } from './line-bytes.ts'
import { isDigit } from './text.ts'

const CLOSE = 0x5d
const COLON = 0x3a
const DOT = 0x2e
const GREATER = 0x3e
const LESS = 0x3c
const NINE = 0x39
const OPEN = 0x5b
const SPACE = 0x20
const ZERO = 0x30

/** FNV-1a, as interner.ts wants it. */
const HASH_SEED = 0x811c9dc5 | 0
const HASH_PRIME = 0x01000193

/** Longest host or program name: that of RFC 5424's HOSTNAME. What is longer is no name, and the line is not framed. */
export const MAX_NAME = 255
/** Highest priority, facility 23 and severity 7 (RFC 5424 §6.2.1). */
const MAX_PRI = 191
/** Longest text that is looked through for a tag's closing bracket. */
const MAX_BRACKETED = 32
/** Digits of a 32-bit number; longer ones are no pid. */
const MAX_PID_DIGITS = 10

/** Index after `<PRI>`, `start` where the line has none, -1 where it is broken (RFC 3164 §4.1.1, RFC 5424 §6.2.1). */
export function skipPri(bytes: DataView, start: number, end: number): number {
  if (start >= end || bytes.getUint8(start) !== LESS) return start
  let pri = 0
  for (let at = start + 1; at < end && at <= start + 4; at++) {
    const code = bytes.getUint8(at)
    if (code === GREATER) return at > start + 1 && pri <= MAX_PRI ? at + 1 : -1
    if (!isDigit(code)) return -1
    pri = pri * 10 + code - ZERO
  }
  return -1
}

/**
 * Reads a name that ends at a space into `line.host`.
 * What ends in a colon is a tag: libc writes lines without a host to the local log socket. What begins with a bracket is a level or a
 * pid: programs that write their own files (Haraka, Exim) put one behind the same stamp.
 * @returns the index of what follows the host, -1 when there is no host.
 */
export function readHost(line: LogLine, at: number, hosts: Interner): number {
  const { text, bytes } = line
  const recent = hosts.recent(bytes, at, SPACE)
  if (recent !== '' && at + recent.length < line.end) {
    line.host = recent
    return at + recent.length + 1
  }
  const limit = Math.min(line.end, at + MAX_NAME + 1)
  let hash = HASH_SEED
  let code = 0
  for (let index = at; index < limit; index++) {
    const previous = code
    code = bytes.getUint8(index)
    if (code !== SPACE) {
      hash = Math.imul(hash ^ code, HASH_PRIME)
      continue
    }
    if (index === at || bytes.getUint8(at) === OPEN) return -1
    if (previous === COLON) {
      line.host = ''
      return at
    }
    line.host = hosts.intern(text, at, index, hash)
    return index + 1
  }
  return -1
}

/**
 * Reads the tag `program[pid]: ` or `program: ` (RFC 3164 §4.1.3, as syslog daemons write it) into program, pid and message. A line
 * that has none (`last message repeated 3 times`, `-- MARK --`) is all message.
 * @returns false when the first word is too long for a tag.
 */
export function readTag(line: LogLine, at: number, programs: Interner): boolean {
  const { bytes, end } = line
  const recent = programs.recent(bytes, at, OPEN)
  const open = at + recent.length
  if (recent !== '' && open < end) {
    const tagEnd = bracketedEnd(line, open)
    if (tagEnd < 0) return untagged(line, at)
    line.program = recent
    line.message = messageStart(bytes, tagEnd, end)
    return true
  }
  const limit = Math.min(end, at + MAX_NAME + 1)
  let hash = HASH_SEED
  for (let index = at; index < limit; index++) {
    const code = bytes.getUint8(index)
    if (code === OPEN) return tagged(line, at, index, bracketedEnd(line, index), hash, programs)
    if (code === SPACE) return untagged(line, at)
    if (code === COLON && endsTag(bytes, index, end)) {
      line.pid = -1
      return tagged(line, at, index, index + 1, hash, programs)
    }
    hash = Math.imul(hash ^ code, HASH_PRIME)
  }
  return limit === end ? untagged(line, at) : false
}

function tagged(line: LogLine, at: number, nameEnd: number, tagEnd: number, hash: number, programs: Interner): boolean {
  if (tagEnd < 0 || nameEnd === at) return untagged(line, at)
  line.program = programs.intern(line.text, at, nameEnd, hash)
  line.message = messageStart(line.bytes, tagEnd, line.end)
  return true
}

function untagged(line: LogLine, at: number): boolean {
  line.program = ''
  line.pid = -1
  line.message = at
  return true
}

/** Reads `[pid]:` into `line.pid`, -1 when something else is in the brackets; returns the index after the colon, -1 without one. */
function bracketedEnd(line: LogLine, open: number): number {
  const { bytes, end } = line
  const limit = Math.min(end, open + 2 + MAX_PID_DIGITS)
  let pid = 0
  for (let index = open + 1; index < limit; index++) {
    const code = bytes.getUint8(index)
    if (code === CLOSE && index > open + 1) {
      line.pid = pid
      return colonEnd(bytes, index + 1, end)
    }
    if (code < ZERO || code > NINE) break
    pid = pid * 10 + code - ZERO
  }
  line.pid = -1
  const close = closingBracket(bytes, open + 1, end)
  return close < 0 ? -1 : colonEnd(bytes, close + 1, end)
}

/** The pid that stands from `at` to `end`, -1 when that is something else. */
export function readPid(bytes: DataView, at: number, end: number): number {
  if (end <= at || end - at > MAX_PID_DIGITS) return -1
  let pid = 0
  for (let index = at; index < end; index++) {
    const code = bytes.getUint8(index)
    if (!isDigit(code)) return -1
    pid = pid * 10 + code - ZERO
  }
  return pid
}

function closingBracket(bytes: DataView, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_BRACKETED)
  for (let index = at; index < limit; index++) {
    const code = bytes.getUint8(index)
    if (code === CLOSE) return index
    if (code === SPACE) return -1
  }
  return -1
}

/** A colon ends a tag only before a space or the end: others belong to a name (`Foo::Bar[1]`) or to an address in the message. */
function endsTag(bytes: DataView, colon: number, end: number): boolean {
  return colon + 1 >= end || bytes.getUint8(colon + 1) === SPACE
}

function colonEnd(bytes: DataView, at: number, end: number): number {
  return at < end && bytes.getUint8(at) === COLON && endsTag(bytes, at, end) ? at + 1 : -1
}

function messageStart(bytes: DataView, at: number, end: number): number {
  const start = at < end && bytes.getUint8(at) === SPACE ? at + 1 : at
  return start < end && bytes.getUint8(start) === OPEN ? skipMessageId(bytes, start, end) : start
}

/** Digits of Solaris' message id, a hash of the format string; and letters of a facility or level. */
const MAX_ID_PART = 16
const MESSAGE_ID = words('[ID ')

/** Index after Solaris' `[ID 197553 mail.info] ` (syslogd's msgid, log.conf(5)), `at` where the message begins otherwise. */
function skipMessageId(bytes: DataView, at: number, end: number): number {
  if (!says(bytes, at, MESSAGE_ID)) return at
  const digits = skipWhile(isDigit, bytes, at + 4, end)
  if (digits < 0 || bytes.getUint8(digits) !== SPACE) return at
  const facility = skipWhile(isLevelCharacter, bytes, digits + 1, end)
  if (facility < 0 || bytes.getUint8(facility) !== DOT) return at
  const level = skipWhile(isLevelCharacter, bytes, facility + 1, end)
  if (level < 0 || level + 1 >= end || bytes.getUint8(level) !== CLOSE || bytes.getUint8(level + 1) !== SPACE) return at
  return level + 2
}

function isLevelCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || isDigit(code)
}

/** Index of the first character that does not fit, within the line and after at least one that does; else -1. */
function skipWhile(fits: (code: number) => boolean, bytes: DataView, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_ID_PART + 1)
  let index = at
  while (index < limit && fits(bytes.getUint8(index))) index++
  return index > at && index < limit ? index : -1
}
