import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsNegotiation } from '@tlsrep/schemas'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { parseBalanced } from '../../../../test/support/postfix-log.ts'
import { placeSample, shiftedSample } from './sample-log.ts'
import { shiftStamps } from './shift-stamps.ts'

const original = readFileSync(new URL('../../sample/mail.log', import.meta.url))
const WRITTEN = Date.UTC(2026, 11, 1)
const directory = mkdtempSync(join(tmpdir(), 'tlsrep-sample-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** All that a shift must not touch, with times since the first session instead of times. */
function facts(events: readonly TlsNegotiation[]): unknown[] {
  const [first] = events
  const since = (time: number): number => time - (first?.observed_at ?? 0)
  return events.map(({ event_id: _, observed_at, ended_at, ...rest }) => ({
    ...rest,
    observed: since(observed_at),
    ended: since(ended_at),
  }))
}

describe('the bundled sample', () => {
  it('holds what a newcomer is to see: good senders, one in clear, one that falls back, one with old TLS', async () => {
    const { events, account } = await parseBalanced(original, { notAfter: WRITTEN })
    const count = (peer: string, outcome: string): number =>
      events.filter((event) => event.peer_name === peer && event.outcome === outcome).length
    expect(Object.values(account.lines.dead).every((lines) => lines === 0)).toBe(true)
    expect(count('mail.lantern.example', 'plaintext')).toBeGreaterThanOrEqual(15)
    expect([count('mail.mallet.example', 'handshake_failed'), count('mail.mallet.example', 'plaintext')]).toEqual([
      10, 10,
    ])
    expect(events.filter((event) => event.tls_version === 'TLSv1_0')).toHaveLength(9)
    expect(events.filter((event) => event.outcome === 'negotiated').length).toBeGreaterThan(100)
    expect(events.some((event) => event.direction === 'outbound')).toBe(true)
  })

  it('has addresses and names of documentation only, and is small', () => {
    const text = original.toString('latin1')
    const addresses = text.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g) ?? []
    const documented = /^(?:192\.0\.2|198\.51\.100|203\.0\.113|127\.0\.0)\./
    expect(addresses.filter((address) => !documented.test(address))).toEqual([])
    const domains = text.match(/@[\w.-]+/g) ?? []
    expect(domains.filter((domain) => !/\.example$|[@.]example\.org$/.test(domain))).toEqual([])
    expect(original.length).toBeLessThan(300_000)
  })

  it('ends at any moment that is asked for, with order, spacing and outcomes as they were written', async () => {
    const written = facts((await parseBalanced(original, { notAfter: WRITTEN })).events)
    const moment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) })
    await fc.assert(
      fc.asyncProperty(moment, async (endsAt) => {
        const shifted = shiftedSample({ endsAt, zone: 'UTC' })
        const { events } = await parseBalanced(shifted, { notAfter: endsAt })
        expect(facts(events)).toEqual(written)
      }),
      { numRuns: 15 },
    )
  })

  it('shows the clocks of the zone in which it will be read, over a change of clocks too', async () => {
    const written = facts((await parseBalanced(original, { notAfter: WRITTEN })).events)
    const cases = [
      { zone: 'America/St_Johns', endsAt: Date.UTC(2026, 6, 1, 12) },
      { zone: 'Asia/Kathmandu', endsAt: Date.UTC(2027, 0, 1, 0, 1) },
      { zone: 'Europe/Berlin', endsAt: Date.UTC(2026, 2, 29, 1, 1) },
      { zone: 'Europe/Berlin', endsAt: Date.UTC(2026, 9, 25, 1, 1) },
    ]
    for (const { zone, endsAt } of cases) {
      const { events } = await parseBalanced(shiftedSample({ endsAt, zone }), { notAfter: endsAt, zone })
      expect({ zone, facts: facts(events) }).toEqual({ zone, facts: written })
    }
  })
})

describe('shifting stamps', () => {
  const log = 'Feb 28 23:59:58 mx1 postfix/qmgr[1]: 1: removed\nFeb 28 23:59:59 mx1 postfix/qmgr[1]: 2: removed\n'

  it('gives the newest line the moment asked for, cut to its second', () => {
    expect(shiftStamps(log, { endsAt: Date.UTC(2028, 1, 29, 0, 0, 0, 999), zone: 'UTC' })).toBe(
      'Feb 28 23:59:59 mx1 postfix/qmgr[1]: 1: removed\nFeb 29 00:00:00 mx1 postfix/qmgr[1]: 2: removed\n',
    )
  })

  it('refuses a line without a stamp instead of making one up', () => {
    expect(() => shiftStamps(`${log}no stamp\n`, { endsAt: 0, zone: 'UTC' })).toThrow('no stamp: no stamp')
  })
})

describe('placing the sample', () => {
  it('writes it once: a second start goes on with the file of the first', () => {
    const folder = join(directory, 'sample')
    const path = placeSample(folder, { endsAt: Date.UTC(2026, 5, 1), zone: 'UTC' })
    const first = readFileSync(path, 'latin1')
    expect(first).toContain('\nMay 31 23:58:')
    expect(placeSample(folder, { endsAt: Date.UTC(2026, 6, 1), zone: 'UTC' })).toBe(path)
    expect(readFileSync(path, 'latin1')).toBe(first)
    writeFileSync(path, 'theirs')
    placeSample(folder, { endsAt: 0, zone: 'UTC' })
    expect(readFileSync(path, 'latin1')).toBe('theirs')
  })
})
