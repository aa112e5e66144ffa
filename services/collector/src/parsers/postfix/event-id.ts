import { hash } from 'node:crypto'
import type { LogLine } from '../../framing/framing.ts'
import type { Service } from './host.ts'

/** 128 bits of SHA-256, as latin1: an attacker who chooses its own reverse DNS must not be able to make two sessions one. */
const ID_CHARS = 16

/** Longer ones are rare, and hashed by way of a string. */
const INPUT_MAX = 2048
const input = new DataView(new ArrayBuffer(INPUT_MAX))
/** The beginnings of `input`, by their length: to make one for each id would cost as much as to fill it. */
const beginnings: Uint8Array[] = []

const ASCII = 0x7f
const NOT_ASCII = 0x80808080 | 0

/**
 * Event id of the session that `line` opens: host, syslog service, pid, the line's own bytes, and an ordinal among equals (classic
 * stamps have one second, in which one process can open the same session twice).
 */
export function eventId(line: LogLine, service: Service, key: string, ordinal: number): string {
  const head = `${service.idHead}${key}\0${ordinal}\0`
  const length = fillInput(head, line)
  return hash('sha256', length < 0 ? headAndLine(head, line) : beginning(length), 'binary').slice(0, ID_CHARS)
}

function headAndLine(head: string, line: LogLine): string {
  return `${head}${line.text.slice(line.start, line.end)}`
}

/** @returns bytes in `input`; -1 where they do not fit, or are not all ASCII and so would not be those of the string */
function fillInput(head: string, line: LogLine): number {
  const { bytes, start, end } = line
  const length = head.length + end - start
  if (length > INPUT_MAX) return -1
  let seen = 0
  let to = 0
  for (; to < head.length; to++) {
    const code = head.charCodeAt(to)
    if (code > ASCII) return -1
    input.setUint8(to, code)
  }
  let at = start
  for (; at + 4 <= end; at += 4, to += 4) {
    const four = bytes.getInt32(at, true)
    seen |= four
    input.setInt32(to, four, true)
  }
  for (; at < end; at++, to++) {
    const byte = bytes.getUint8(at)
    seen |= byte
    input.setUint8(to, byte)
  }
  return (seen & NOT_ASCII) === 0 ? length : -1
}

function beginning(length: number): Uint8Array {
  let found = beginnings[length]
  if (found === undefined) {
    found = new Uint8Array(input.buffer, 0, length)
    beginnings[length] = found
  }
  return found
}
