import { hash } from 'node:crypto'
import type { LogLine } from '../../framing/framing.ts'
import type { Service } from './host.ts'

/** 128 bits of SHA-256, as latin1: an attacker who chooses its own reverse DNS must not be able to make two sessions one. */
const ID_CHARS = 16

/**
 * Event id of the session that `line` opens: host, syslog service, pid, the line's own bytes, and an ordinal among equals (classic
 * stamps have one second, in which one process can open the same session twice).
 */
export function eventId(line: LogLine, service: Service, key: string, ordinal: number): string {
  const bytes = line.text.slice(line.start, line.end)
  return hash('sha256', `${service.idHead}${key}\0${ordinal}\0${bytes}`, 'binary').slice(0, ID_CHARS)
}
