import { score } from '@tlsrep/core/reputation/score'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DailyRow, evidenceRows } from './evidence.ts'
import { policy, T0 } from './test-support.ts'

function row(changes: Partial<DailyRow>): DailyRow {
  return {
    sender: '10.0.0.2/32',
    day: '2026-11-24',
    direction: 'inbound',
    listener: 'mx',
    outcome: 'plaintext',
    fault: 'peer',
    tls_version: '',
    cipher: '',
    downgrade: '',
    excused: 0,
    sessions: 10,
    mails_accepted: 10,
    mails_rejected: 1,
    mails_plaintext: 11,
    ...changes,
  }
}

describe('evidence rows', () => {
  test('have null where the table has an empty text, and days as numbers', () => {
    const [read] = evidenceRows([row({ listener: '', outcome: 'negotiated', fault: 'none' })])
    expect(read).toEqual({
      day: 20_781,
      direction: 'inbound',
      listener: null,
      outcome: 'negotiated',
      fault: 'none',
      tls_version: null,
      cipher: null,
      downgrade: null,
      excused: false,
      sessions: 10,
      mails_accepted: 10,
      mails_rejected: 1,
      mails_plaintext: 11,
    })
  })

  test('excuse as many sessions in clear as followed our own refusals, at that listener and on that day', () => {
    const refusals = row({
      downgrade: 'after_refusal',
      sessions: 4,
      mails_accepted: 0,
      mails_rejected: 0,
      mails_plaintext: 0,
    })
    const rows = evidenceRows([row({}), row({ day: '2026-11-23' }), row({ listener: 'mx2' }), refusals])
    expect(
      rows.map(({ day, listener, excused, sessions, mails_plaintext }) => [
        day,
        listener,
        excused,
        sessions,
        mails_plaintext,
      ]),
    ).toEqual([
      [20_781, 'mx', false, 6, 7],
      [20_781, 'mx', true, 4, 4],
      [20_780, 'mx', false, 10, 11],
      [20_781, 'mx2', false, 10, 11],
    ])
  })

  test('take back the pairs of excused sessions', () => {
    const pairs = (downgrade: string, sessions: number) => row({ downgrade, sessions })
    const rows = evidenceRows([pairs('D2', 5), pairs('D2_after_refusal', 2)])
    expect(rows.map(({ downgrade, sessions }) => [downgrade, sessions])).toEqual([['D2', 3]])
    expect(evidenceRows([pairs('D2', 5), pairs('D2_after_refusal', 5)])).toEqual([])
  })

  test('a word of another version is refused', () => {
    expect(() => evidenceRows([row({ outcome: 'telepathy' })])).toThrow('telepathy')
  })

  test('excusing never makes a score worse, and excusing all leaves nothing', () => {
    const rules = policy()
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(250), fc.nat(20), (sessions, refusals, pairs) => {
        const plain = [row({ sessions }), row({ downgrade: 'D2', sessions: pairs })]
        const excusing = [...plain, row({ downgrade: 'after_refusal', sessions: refusals })]
        const before = score(evidenceRows(plain), rules, T0)
        const after = score(evidenceRows(excusing), rules, T0)
        expect(after.weight_against).toBeLessThanOrEqual(before.weight_against)
        if (refusals >= sessions) expect(after.tier).toBe('clean')
      }),
    )
  })
})
