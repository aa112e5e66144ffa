import type { TlsNegotiation } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { corpusLog } from '../support/corpus.ts'
import { clearSession, lastOf, logOf, parseBalanced, tlsSession } from '../support/postfix-log.ts'

const NAME = 'mail52.sender-a.example[192.0.2.52]'

describe('a zone that is not the log’s', () => {
  it('moves the times of classic stamps by the difference, and nothing else', async () => {
    const timeless = (events: readonly TlsNegotiation[]): unknown[] =>
      events.map(({ observed_at: _observed, ended_at: _ended, ...rest }) => rest)
    const right = await parseBalanced(corpusLog('postfix-3.7-loglevel1'), { zone: 'UTC' })
    const wrong = await parseBalanced(corpusLog('postfix-3.7-loglevel1'), { zone: 'Asia/Tokyo' })
    expect(timeless(wrong.events)).toEqual(timeless(right.events))
    expect(lastOf(right.events).observed_at - lastOf(wrong.events).observed_at).toBe(9 * 3_600_000)
  })

  it('changes nothing of stamps that name their own', async () => {
    const right = await parseBalanced(corpusLog('postfix-3.10-rsyslog'), { zone: 'UTC' })
    const wrong = await parseBalanced(corpusLog('postfix-3.10-rsyslog'), { zone: 'Asia/Tokyo' })
    expect(wrong.json).toEqual(right.json)
  })

  it('an hour that the clocks showed twice ends no session', async () => {
    const [connect = '', summary = '', client = '', disconnect = ''] = tlsSession(7, NAME)
    const lines = [
      `Oct 25 02:59:59 mx1 postfix/${connect}`,
      `Oct 25 02:59:59 mx1 postfix/${summary}`,
      `Oct 25 02:00:00 mx1 postfix/${client}`,
      `Oct 25 02:00:01 mx1 postfix/${disconnect}`,
    ]
    const { events } = await parseBalanced(logOf(lines), { zone: 'Europe/Berlin' })
    expect(events).toHaveLength(1)
    expect(lastOf(events)).toMatchObject({ outcome: 'negotiated', truncated: false, mails_attempted: 1 })
    expect(lastOf(events).ended_at - lastOf(events).observed_at).toBe(2000)
  })
})

describe('a year that is not in the stamps', () => {
  it('is the newest that is not after the file: a session over New Year stays one', async () => {
    const [connect = '', summary = '', client = '', disconnect = ''] = tlsSession(7, NAME)
    const lines = [
      `Dec 31 23:59:59 mx1 postfix/${connect}`,
      `Dec 31 23:59:59 mx1 postfix/${summary}`,
      `Jan  1 00:00:00 mx1 postfix/${client}`,
      `Jan  1 00:00:01 mx1 postfix/${disconnect}`,
    ]
    const { events } = await parseBalanced(logOf(lines), { notAfter: Date.UTC(2026, 0, 2) })
    expect(events).toHaveLength(1)
    expect(lastOf(events)).toMatchObject({ truncated: false, observed_at: Date.UTC(2025, 11, 31, 23, 59, 59) })
    expect(lastOf(events).ended_at).toBe(Date.UTC(2026, 0, 1, 0, 0, 1))
  })

  it('does not change an event’s id', async () => {
    const log = logOf(clearSession(7, NAME))
    const ids = await Promise.all(
      [2024, 2026].map(async (year) => Buffer.from(lastOf((await parseBalanced(log, { year })).events).event_id)),
    )
    expect(ids[0]).toEqual(ids[1])
  })
})
