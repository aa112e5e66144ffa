import { closeSync, openSync, writeSync } from 'node:fs'
import { sessionLines } from './session-lines.ts'

const SESSIONS_PER_SECOND = 2000
const AT_ONCE = 5000

/** A log of sessions that end now, at the live rate; every twentieth sender sends in clear. @param senders how many there are, in turn */
export function writeSessions(path: string, sessions: number, senders: number): void {
  const start = Date.now() - (sessions / SESSIONS_PER_SECOND) * 1000
  const file = openSync(path, 'w')
  for (let first = 0; first < sessions; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, sessions - first)
    const lines = Array.from({ length: count }, (_, index) => {
      const ordinal = first + index
      const sender = (ordinal * STRIDE) % senders
      return sessionLines({
        sender,
        tls: sender % 20 !== 0,
        ordinal,
        at: start + (ordinal / SESSIONS_PER_SECOND) * 1000,
      })
    })
    writeSync(file, lines.join(''))
  }
  closeSync(file)
}

/** Prime, so that every sender has its turn, and neighbours do not follow each other. */
const STRIDE = 7919
