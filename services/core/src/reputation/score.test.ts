import { describe, expect, it } from 'vitest'
import { defaultPolicy, parsePolicy } from '../policy/parse-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { DAY_MS, noonOf } from './decay.ts'
import { expiryOf, score } from './score.ts'
import { NOON, pairs, plaintext, TODAY, tls } from './test-rows.ts'

const policy = defaultPolicy()
const DAY_END = NOON + DAY_MS / 2

function policyWith(text: string): Policy {
  const parsed = parsePolicy(text, 'p.yaml')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

const countOf = (rows: Parameters<typeof score>[0], kind: string, by = policy): number =>
  score(rows, by, NOON).kinds.find((one) => one.kind === kind)?.sessions ?? 0

describe('what counts', () => {
  it('is mail in clear by the sender’s fault, and TLS by what costs most of it', () => {
    const rows = [
      plaintext(3),
      tls(5, TODAY, 'TLSv1_0', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'),
      tls(7, TODAY, 'TLSv1_2', 'TLS_RSA_WITH_RC4_128_SHA'),
      tls(11, TODAY, 'TLSv1_2', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'),
      { ...tls(13), tls_version: null },
    ]
    expect(score(rows, policy, NOON).kinds).toEqual([
      { kind: 'plaintext', reason: 'plaintext', sessions: 3, effective: 3, weight: 1000, against: 3 },
      {
        kind: 'tls_version_insufficient',
        reason: 'deprecated_version',
        sessions: 5,
        effective: 5,
        weight: 400,
        against: 2,
      },
      { kind: 'encryption_forbidden', reason: 'weak_cipher', sessions: 7, effective: 7, weight: 600, against: 4.2 },
      { kind: 'tls', reason: null, sessions: 24, effective: 24, weight: 0, against: 0 },
    ])
  })

  it('is nothing that is outbound, excused, another’s fault, without weight or not yet', () => {
    const rows = [
      { ...plaintext(1), direction: 'outbound' as const },
      { ...plaintext(2), excused: true },
      { ...plaintext(4), fault: 'local' as const },
      { ...plaintext(8), fault: 'path' as const },
      { ...plaintext(16), outcome: 'handshake_failed' as const },
      { ...plaintext(32), outcome: 'probe' as const },
      { ...plaintext(64), outcome: 'refused_by_us' as const },
      { ...plaintext(128), outcome: 'not_offered' as const },
      { ...plaintext(256), outcome: 'unknown' as const },
      plaintext(512, TODAY + 2),
      { ...pairs(1024), excused: true },
    ]
    expect(score(rows, policy, NOON)).toMatchObject({
      tier: 'clean',
      effective_sessions: 0,
      lower_bound: 0,
      upper_bound: 1,
      review_at: null,
      reasons: [],
      first_evidence_day: null,
      last_evidence_day: null,
      kinds: [],
      days: [],
      uncounted: [
        { why: 'outbound', sessions: 1 },
        { why: 'excused', sessions: 1026 },
        { why: 'not_peer', sessions: 12 },
        { why: 'no_weight', sessions: 496 },
        { why: 'future', sessions: 512 },
      ],
    })
  })

  it('takes tomorrow for today, since the log’s clock may be ahead of ours', () => {
    expect(score([plaintext(12, TODAY + 1)], policy, NOON)).toMatchObject({ tier: 'reject', last_evidence_day: TODAY })
  })

  it('does not let pairs and history reach the floor that sessions have not reached', () => {
    const rows = [...[3, 2, 1].map((ago) => tls(8, TODAY - ago)), plaintext(7), pairs(7)]
    const found = score(rows, policy, NOON)
    expect(found.tier).toBe('clean')
    expect(found.weight_against).toBe(7)
    expect(found.weighed_bad).toBe(17.5)
  })
})

describe('a history of TLS', () => {
  const history = [3, 2, 1].map((ago) => tls(8, TODAY - ago))

  it('makes mail in clear a regression, on that day and on those after it until TLS is back', () => {
    expect(countOf([...history, plaintext(5)], 'history_regression')).toBe(5)
    const shifted = history.map((row) => ({ ...row, day: row.day - 3 }))
    expect(countOf([...shifted, plaintext(5, TODAY - 2), plaintext(3, TODAY)], 'history_regression')).toBe(8)
    const back = [...shifted, plaintext(5, TODAY - 2), tls(1, TODAY - 1), plaintext(3)]
    expect(countOf(back, 'history_regression')).toBe(5)
  })

  it.each([
    ['too few sessions', [tls(6, TODAY - 3), tls(6, TODAY - 2), tls(6, TODAY - 1)]],
    ['too few days', [tls(30, TODAY - 2), tls(30, TODAY - 1)]],
    ['a session in clear among them', [...history, plaintext(1, TODAY - 2)]],
    ['an excuse for them', history.map((row) => ({ ...row, excused: true }))],
  ])('does not, with %s', (_, rows) => {
    expect(countOf([...rows, plaintext(5)], 'history_regression')).toBe(0)
  })

  it('does not turn a sender that always mixes into one that regressed', () => {
    const mixed = Array.from({ length: 30 }, (_, ago) => [tls(20, TODAY - ago), plaintext(20, TODAY - ago)]).flat()
    expect(countOf(mixed, 'history_regression')).toBe(0)
    expect(score(mixed, policy, NOON).tier).toBe('tag')
  })
})

describe('a listing', () => {
  it('names its reasons by what they weigh, the heaviest first', () => {
    const rows = [
      plaintext(10),
      tls(100, TODAY, 'TLSv1_1'),
      tls(20, TODAY, 'TLSv1_2', 'TLS_RSA_WITH_RC4_128_SHA'),
      pairs(6),
    ]
    expect(score(rows, policy, NOON).reasons).toEqual(['deprecated_version', 'weak_cipher', 'plaintext', 'downgrade'])
  })

  it('is the same at every hour of the day that brought it', () => {
    for (const now of [NOON - DAY_MS / 2, NOON - 1, NOON, NOON + 1, DAY_END - 1]) {
      expect(score([plaintext(8)], policy, now).tier).toBe('defer')
      expect(score([plaintext(7)], policy, now).tier).toBe('clean')
    }
  })

  it('does not age before 12:00 UTC of its day, and half by a half-life after', () => {
    expect(score([plaintext(12)], policy, NOON - 1).effective_sessions).toBe(12)
    expect(score([plaintext(12)], policy, NOON).effective_sessions).toBe(12)
    expect(score([plaintext(12)], policy, NOON + 14 * DAY_MS).effective_sessions).toBe(6)
  })

  it('stays while its evidence fades, though the same evidence would list nobody any more', () => {
    const later = NOON + 13 * DAY_MS
    expect(score([plaintext(12)], policy, later)).toMatchObject({ tier: 'reject', listed_on: TODAY })
    expect(score([plaintext(12)], policy, later).weight_against).toBeLessThan(policy.evidence.floor_to_list)
  })

  it('comes down on the upper bound, not on the lower', () => {
    const after = (sessions: number) => score([plaintext(12, TODAY - 1), tls(sessions)], policy, NOON)
    const found = after(15)
    expect(found.lower_bound).toBeLessThan(policy.bounds.defer.list_at)
    expect(found.tier).toBe('reject')
    expect(['reject', 'defer', 'tag', 'watch', 'clean']).toEqual([15, 20, 50, 100, 400].map((n) => after(n).tier))
  })

  it('once ended does not come back by more TLS, and comes back by more mail in clear', () => {
    const ended = [plaintext(12, TODAY - 30)]
    expect(score(ended, policy, NOON).tier).toBe('clean')
    expect(score([...ended, tls(500)], policy, NOON).tier).toBe('clean')
    expect(score([...ended, plaintext(9)], policy, NOON)).toMatchObject({ tier: 'reject', listed_on: TODAY })
  })

  it('ends at the longest life of a listing, however much evidence there is', () => {
    const rows = [plaintext(100_000)]
    const end = NOON + 30 * DAY_MS
    expect(score(rows, policy, NOON).review_at).toBe(end)
    expect(score(rows, policy, end - 1).tier).toBe('reject')
    expect(score(rows, policy, end).tier).toBe('clean')
  })

  it('is lived out from the last day with evidence against the sender, not from the first', () => {
    const rows = [plaintext(1000, TODAY - 20), plaintext(1)]
    expect(score(rows, policy, NOON).review_at).toBe(noonOf(TODAY) + 30 * DAY_MS)
  })

  it('expires when it is due for review; one without evidence after the longest life', () => {
    const listed = score([plaintext(12)], policy, NOON)
    expect(expiryOf(listed, policy, NOON)).toBe(listed.review_at)
    expect(expiryOf(score([], policy, NOON), policy, NOON)).toBe(NOON + 30 * DAY_MS)
  })

  it('names the policy that it was judged by', () => {
    const strict = policyWith('evidence: { floor_to_list: 5 }')
    expect(score([plaintext(7)], strict, NOON)).toMatchObject({
      tier: 'defer',
      policy_hash: strict.hash,
      scored_at: NOON,
    })
  })
})

describe('a policy', () => {
  it('can be tried on the same history, and a shorter half-life forgets sooner', () => {
    const rows = [plaintext(12)]
    const later = NOON + 10 * DAY_MS
    expect(score(rows, policy, later).tier).toBe('reject')
    expect(score(rows, policyWith('evidence: { half_life_days: 3 }'), later).tier).toBe('clean')
  })

  it('cannot make plaintext cheaper than the same volume of any TLS', () => {
    const cheap = policyWith('weights: { plaintext: 700 }')
    for (const version of ['SSLv2', 'SSLv3', 'TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'] as const) {
      const weigh = (rows: Parameters<typeof score>[0]): number => score(rows, cheap, NOON).lower_bound
      expect(weigh([plaintext(100)])).toBeGreaterThanOrEqual(weigh([tls(100, TODAY, version)]))
    }
  })
})
