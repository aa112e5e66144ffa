import type { LogLine } from './framing.ts'
import type { Interner } from './interner.ts'
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
export function skipPri(text: string, start: number, end: number): number {
  if (start >= end || text.charCodeAt(start) !== LESS) return start
  let pri = 0
  for (let at = start + 1; at < end && at <= start + 4; at++) {
    const code = text.charCodeAt(at)
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
  const text = line.text
  const recent = hosts.recent(text, at, SPACE)
  if (recent !== '' && at + recent.length < line.end) {
    line.host = recent
    return at + recent.length + 1
  }
  const limit = Math.min(line.end, at + MAX_NAME + 1)
  let hash = HASH_SEED
  let code = 0
  for (let index = at; index < limit; index++) {
    const previous = code
    code = text.charCodeAt(index)
    if (code !== SPACE) {
      hash = Math.imul(hash ^ code, HASH_PRIME)
      continue
    }
    if (index === at || text.charCodeAt(at) === OPEN) return -1
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
  const { text, end } = line
  const recent = programs.recent(text, at, OPEN)
  const open = at + recent.length
  if (recent !== '' && open < end) {
    const tagEnd = bracketedEnd(line, open)
    if (tagEnd < 0) return untagged(line, at)
    line.program = recent
    line.message = messageStart(text, tagEnd, end)
    return true
  }
  const limit = Math.min(end, at + MAX_NAME + 1)
  let hash = HASH_SEED
  for (let index = at; index < limit; index++) {
    const code = text.charCodeAt(index)
    if (code === OPEN) return tagged(line, at, index, bracketedEnd(line, index), hash, programs)
    if (code === SPACE) return untagged(line, at)
    if (code === COLON && endsTag(text, index, end)) {
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
  line.message = messageStart(line.text, tagEnd, line.end)
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
  const { text, end } = line
  const limit = Math.min(end, open + 2 + MAX_PID_DIGITS)
  let pid = 0
  for (let index = open + 1; index < limit; index++) {
    const code = text.charCodeAt(index)
    if (code === CLOSE && index > open + 1) {
      line.pid = pid
      return colonEnd(text, index + 1, end)
    }
    if (code < ZERO || code > NINE) break
    pid = pid * 10 + code - ZERO
  }
  line.pid = -1
  const close = closingBracket(text, open + 1, end)
  return close < 0 ? -1 : colonEnd(text, close + 1, end)
}

/** The pid that stands from `at` to `end`, -1 when that is something else. */
export function readPid(text: string, at: number, end: number): number {
  if (end <= at || end - at > MAX_PID_DIGITS) return -1
  let pid = 0
  for (let index = at; index < end; index++) {
    const code = text.charCodeAt(index)
    if (!isDigit(code)) return -1
    pid = pid * 10 + code - ZERO
  }
  return pid
}

function closingBracket(text: string, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_BRACKETED)
  for (let index = at; index < limit; index++) {
    const code = text.charCodeAt(index)
    if (code === CLOSE) return index
    if (code === SPACE) return -1
  }
  return -1
}

/** A colon ends a tag only before a space or the end: others belong to a name (`Foo::Bar[1]`) or to an address in the message. */
function endsTag(text: string, colon: number, end: number): boolean {
  return colon + 1 >= end || text.charCodeAt(colon + 1) === SPACE
}

function colonEnd(text: string, at: number, end: number): number {
  return at < end && text.charCodeAt(at) === COLON && endsTag(text, at, end) ? at + 1 : -1
}

function messageStart(text: string, at: number, end: number): number {
  const start = at < end && text.charCodeAt(at) === SPACE ? at + 1 : at
  return start < end && text.charCodeAt(start) === OPEN ? skipMessageId(text, start, end) : start
}

/** Digits of Solaris' message id, a hash of the format string; and letters of a facility or level. */
const MAX_ID_PART = 16

/** Index after Solaris' `[ID 197553 mail.info] ` (syslogd's msgid, log.conf(5)), `at` where the message begins otherwise. */
function skipMessageId(text: string, at: number, end: number): number {
  if (!text.startsWith('[ID ', at)) return at
  const digits = skipWhile(isDigit, text, at + 4, end)
  if (digits < 0 || text.charCodeAt(digits) !== SPACE) return at
  const facility = skipWhile(isLevelCharacter, text, digits + 1, end)
  if (facility < 0 || text.charCodeAt(facility) !== DOT) return at
  const level = skipWhile(isLevelCharacter, text, facility + 1, end)
  if (level < 0 || level + 1 >= end || text.charCodeAt(level) !== CLOSE || text.charCodeAt(level + 1) !== SPACE)
    return at
  return level + 2
}

function isLevelCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || isDigit(code)
}

/** Index of the first character that does not fit, within the line and after at least one that does; else -1. */
function skipWhile(fits: (code: number) => boolean, text: string, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_ID_PART + 1)
  let index = at
  while (index < limit && fits(text.charCodeAt(index))) index++
  return index > at && index < limit ? index : -1
}
