import { LISTING_REASONS } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/parse-policy.ts'
import { DAY_MS } from './decay.ts'
import { explain } from './explain.ts'
import { KINDS } from './kinds.ts'
import { remedyFor } from './remedy.ts'
import { score } from './score.ts'
import { momentArbitrary, rowsArbitrary } from './test-arbitraries.ts'
import { NOON, pairs, plaintext, TODAY, tls } from './test-rows.ts'
import { amountText, kindWords, shareText } from './words.ts'

const policy = defaultPolicy()

describe('an explanation', () => {
  it('tells a listed sender what was counted, what it weighs, why this tier, why not more, and when it ends', () => {
    const { explanation, remedy } = explain([plaintext(8), tls(2)], policy, NOON)
    expect(explanation).toBe(
      'Counted: 10 sessions on 2026-11-25; after decay 10.0 at 2026-11-25 12:00 UTC. ' +
        '8 sent mail in clear although STARTTLS was on offer (8.0 after decay): weighs 1 each, together 8.0. ' +
        '2 used TLS as they should (2.0 after decay): costs nothing. ' +
        'Against the sender speak 8.0 of 10.0, a share of 80.0 %; with z = 1.96 the true share lies between 49.0 % and 94.3 %. ' +
        'The evidence of 2026-11-25 brought the lower bound to 49.0 %, which lists at tag (from 25.0 % on). ' +
        'It stays listed at tag until the upper bound is below 20.0 % or the evidence against it weighs less than 4 sessions. ' +
        'Not defer: that takes a lower bound of 50.0 %; it is 49.0 %. ' +
        'Without new evidence the listing ends on 2026-12-09 12:00 UTC, or today with 32 sessions that use TLS and none in clear.',
    )
    expect(remedy).toContain('smtp_tls_security_level = may')
  })

  it('tells a sender below the floor how far it is from it', () => {
    const { explanation, remedy, next_tier, tls_sessions_to_clear } = explain([plaintext(7)], policy, NOON)
    expect(explanation).toContain(
      'Not listed. Not watch: that takes a lower bound of 10.0 % and evidence that weighs 8 sessions in clear; it weighs 7.0.',
    )
    expect([remedy, next_tier?.missing, tls_sessions_to_clear]).toEqual(['', 'floor', 0])
  })

  it('tells a sender that has come down where from', () => {
    const { explanation } = explain([plaintext(12, TODAY - 1), tls(20)], policy, NOON)
    expect(explanation).toContain(
      'which lists at reject (from 70.0 % on). It has come down to defer and stays there until',
    )
  })

  it('tells a sender whose listing ended by age that only new evidence can list it', () => {
    expect(explain([plaintext(1000)], policy, NOON + 31 * DAY_MS)).toMatchObject({
      next_tier: { tier: 'watch', missing: 'new_evidence' },
    })
  })

  it('has nothing to tell of a sender that nobody knows', () => {
    expect(explain([], policy, NOON)).toMatchObject({
      explanation: 'Nothing that counts is known of this sender. Not listed.',
      remedy: '',
      next_tier: null,
      clears_at: null,
      tls_sessions_to_clear: 0,
    })
  })

  it('says what does not count, and why', () => {
    const { explanation } = explain([{ ...plaintext(40), excused: true }, pairs(3)], policy, NOON)
    expect(explanation).toContain('Not counted: 40 sessions excused because the trouble was not the sender’s.')
    expect(explanation).toContain(
      '3 pairs of a failed handshake and mail in clear soon after (3.0 after decay): weighs another 0.5 each',
    )
  })

  it('names the fewest sessions with TLS that clear the sender: they do, and one fewer does not', () => {
    fc.assert(
      fc.property(rowsArbitrary, momentArbitrary, (rows, now) => {
        const { tls_sessions_to_clear, reputation } = explain(rows, policy, now)
        if (reputation.tier === 'clean' || tls_sessions_to_clear === null) return
        const tierAfter = (sessions: number) => score([...rows, tls(sessions)], policy, now).tier
        expect(tierAfter(tls_sessions_to_clear)).toBe('clean')
        expect(tierAfter(tls_sessions_to_clear - 1)).not.toBe('clean')
      }),
      { numRuns: 200 },
    )
  })

  it('adds up: days and kinds weigh together what the interval was made from', () => {
    fc.assert(
      fc.property(rowsArbitrary, momentArbitrary, (rows, now) => {
        const { reputation } = explain(rows, policy, now)
        const sum = (parts: readonly { against: number }[]): number =>
          parts.reduce((total, { against }) => total + against, 0)
        expect(sum(reputation.kinds)).toBeCloseTo(reputation.weighed_bad, 6)
        expect(sum(reputation.days)).toBeCloseTo(reputation.weighed_bad, 6)
      }),
    )
  })
})

describe('words', () => {
  it('exist for every kind and every reason', () => {
    expect(KINDS.map(({ kind }) => kindWords(kind)).every((words) => words !== '')).toBe(true)
    expect(LISTING_REASONS.map((reason) => remedyFor([reason])).every((words) => words.length > 40)).toBe(true)
  })

  it('never round a bound up to what it has not reached', () => {
    expect(shareText(0.4999)).toBe('49.9 %')
    expect(shareText(0.5)).toBe('50.0 %')
    expect(shareText(0.29)).toBe('29.0 %')
    expect(amountText(7.999)).toBe('7.9')
    expect(amountText(8)).toBe('8.0')
  })
})
