import { readFileSync } from 'node:fs'
import type { Tier } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/parse-policy.ts'
import { CASES, nowOf } from './cases.ts'
import { DAY_MS } from './decay.ts'
import { explain } from './explain.ts'
import { score } from './score.ts'
import { NOON, plaintext, TODAY, tls } from './test-rows.ts'
import { amountText, shareText } from './words.ts'

const policy = defaultPolicy()
const DOCUMENT = readFileSync(new URL('../../../../docs/reputation.md', import.meta.url), 'utf8')

/** Rows of the table between the two markers, as lists of cells. */
function tableIn(document: string): string[][] {
  const table = /<!-- cases -->([\s\S]*?)<!-- end of cases -->/.exec(document)?.[1] ?? ''
  const lines = table.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function expectedTable(): string[][] {
  return CASES.map((example) => {
    const now = nowOf(example)
    const { reputation, next_tier, tls_sessions_to_clear } = explain(example.rows, policy, now)
    const { tier, weighed_bad, weighed_total, lower_bound, upper_bound, review_at } = reputation
    const listed = tier !== 'clean'
    return [
      example.evidence,
      weighed_total > 0 ? `${amountText(weighed_bad)} of ${amountText(weighed_total)}` : '',
      weighed_total > 0 ? `${shareText(lower_bound)} to ${shareText(upper_bound)}` : '',
      listed ? `\`${tier}\`` : 'clean',
      next_tier === null ? '' : `${next_tier.tier}: ${next_tier.missing}`,
      review_at === null ? '' : amountText((review_at - now) / DAY_MS),
      listed ? (tls_sessions_to_clear ?? 0).toLocaleString('en') : '',
    ]
  })
}

/** The worked example, unwrapped. */
function exampleIn(document: string): string {
  const quoted = /<!-- example -->([\s\S]*?)<!-- end of example -->/.exec(document)?.[1] ?? ''
  return quoted.replaceAll(/^>/gm, '').replaceAll(/\s+/g, ' ').trim()
}

describe('docs/reputation.md', () => {
  it('quotes what is said of its worked example', () => {
    const rows = [tls(10, TODAY - 2, 'TLSv1_2'), plaintext(6, TODAY - 1), plaintext(8), tls(2)]
    const { explanation } = explain(rows, policy, NOON + DAY_MS / 4)
    expect(exampleIn(DOCUMENT)).toBe(explanation)
  })

  it('shows what the default policy makes of typical senders', () => {
    expect(tableIn(DOCUMENT)).toEqual(expectedTable())
  })
})

describe('the default policy', () => {
  const tierOf = (evidence: string): Tier => {
    const example = CASES.find((one) => one.evidence === evidence)
    if (example === undefined) throw new Error(`no case: ${evidence}`)
    return score(example.rows, policy, nowOf(example)).tier
  }

  it.each([
    ['12 in clear, one day', 'reject'],
    ['7 in clear, one day', 'clean'],
    ['500 in clear, 500 TLS 1.3', 'tag'],
    ['2 in clear, 200 TLS 1.3', 'clean'],
    ['1,000 TLS 1.0', 'tag'],
    ['1,000 TLS 1.2', 'clean'],
    ['1,000 TLS 1.2, anonymous ECDH', 'clean'],
    ['1,000 TLS 1.2 without forward secrecy', 'clean'],
    ['1,000 TLS 1.3', 'clean'],
    ['500 failed handshakes', 'clean'],
    ['500 in clear, not the sender’s fault', 'clean'],
    ['500 in clear, excused', 'clean'],
  ])('puts %s at %s', (evidence, tier) => {
    expect(tierOf(evidence)).toBe(tier)
  })

  it('says why half in clear goes no further than tag', () => {
    const half = CASES.find(({ evidence }) => evidence === '500 in clear, 500 TLS 1.3')
    const { next_tier, explanation } = explain(half?.rows ?? [], policy, nowOf(half ?? { evidence: '', rows: [] }))
    expect(next_tier).toEqual({ tier: 'defer', list_at: 0.5, missing: 'share' })
    expect(explanation).toContain(
      'Not defer: that takes a lower bound of 50.0 %, which a share of 50.0 % never reaches, however many sessions are counted.',
    )
  })
})
