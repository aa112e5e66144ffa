import { defaultPolicy } from '@tlsrep/core/policy/parse-policy'
import { explain as explainEvidence } from '@tlsrep/core/reputation/explain'
import type { EvidenceRow } from '@tlsrep/core/reputation/score'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import type { Listing } from '@tlsrep/schemas'
import type { SenderExplanation } from '@tlsrep/scorer/explain'
import { describe, expect, it } from 'vitest'
import { explanationJson } from './explanation-json.ts'
import { explanationText, isUnknown } from './explanation-text.ts'

const NOW = Date.UTC(2026, 10, 25, 13, 0)
const DAY = 20_782
const SENDER = '203.0.113.45/32'
const NARROW = { width: 80, rule: true, colour: false }

const PLAINTEXT: EvidenceRow = {
  day: DAY,
  direction: 'inbound',
  listener: 'mx',
  outcome: 'plaintext',
  fault: 'peer',
  tls_version: null,
  cipher: null,
  downgrade: null,
  excused: false,
  sessions: 18,
  mails_accepted: 17,
  mails_rejected: 1,
  mails_plaintext: 18,
}

const LISTING: Listing = {
  sender: SENDER,
  tier: 'reject',
  listed_at: NOW - 60_000,
  updated_at: NOW - 60_000,
  expires_at: NOW + 30 * 86_400_000,
  review_at: NOW + 30 * 86_400_000,
  sequence: 1,
  reasons: ['plaintext'],
  lower_bound: 0.8,
  upper_bound: 1,
  effective_sessions: 18,
  explanation: '',
  remedy: '',
  sample_event_ids: [new Uint8Array(16).fill(0xab)],
  first_evidence_day: DAY,
  last_evidence_day: DAY,
  policy_hash: '0123456789abcdef',
  scored_at: NOW - 60_000,
}

function facts(changes: Partial<SenderExplanation> = {}): SenderExplanation {
  const evidence = changes.evidence ?? [PLAINTEXT]
  const policy = defaultPolicy()
  return {
    sender: SENDER,
    now: NOW,
    policy_hash: policy.hash,
    evidence,
    explanation: explainEvidence(evidence, policy, NOW),
    exclusion: null,
    listing: LISTING,
    history: [{ written_at: NOW - 60_000, withdrawn: false, tier: 'reject', sequence: 1 }],
    overrides: [],
    samples: [],
    pairs: [],
    ...changes,
  }
}

const NOTHING: Partial<SenderExplanation> = { evidence: [], listing: null, history: [] }

function sample(changes: Partial<SenderExplanation['samples'][number]> = {}): SenderExplanation['samples'][number] {
  return {
    event_id: '00',
    observed_at: NOW,
    host: 'mx1',
    listener: 'mx',
    peer_ip: '203.0.113.45',
    peer_name: 'mail.lantern.example',
    helo: null,
    outcome: 'plaintext',
    tls_version: null,
    cipher: null,
    mails_plaintext: 1,
    failure_reason: null,
    source_name: '/var/log/mail.log',
    source_offset: 4711,
    ...changes,
  }
}

function publisher(settings: object = {}): Config['publisher'] {
  const readFile = (): string => JSON.stringify({ publisher: settings })
  const loaded = loadConfig({ explicitPath: '/c.yaml', cwd: '/', readFile, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config.publisher
}

function text(explained: SenderExplanation, settings: object = {}, within: readonly string[] = []): string {
  return explanationText(explained, { publisher: publisher(settings), within }, NARROW)
}

describe('explanationText', () => {
  it('begins with the verdict and what comes of it, in lines of a narrow terminal', () => {
    const said = text(facts({ samples: [sample()] }))
    expect(said).toMatch(/^203\.0\.113\.45\/32 is listed at tier reject since 2026-11-25 12:59 UTC/)
    expect(said).toContain('The mode is observe: nothing is done about it.')
    for (const line of said.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('says what mode and cap make of the tier', () => {
    expect(text(facts(), { mode: 'defer', cap: 'defer' })).toContain('With mode defer and cap defer it comes to defer')
    expect(text(facts(), { mode: 'tag', cap: 'reject' })).toContain('With mode tag and cap reject it comes to tag')
  })

  it('says first that an operator has freed or denied it', () => {
    const decision = { sender: SENDER, tier: null, by: 'me', why: 'mended', created_at: NOW }
    const allowed = facts({ overrides: [{ ...decision, action: 'allow', until: NOW + 3_600_000 }] })
    expect(text(allowed)).toContain('An operator has allowed it until 2026-11-25 14:00 UTC: no output lists it.')
    const denied = facts({
      ...NOTHING,
      overrides: [{ ...decision, sender: '203.0.113.0/24', action: 'deny', tier: 'tag', until: null }],
    })
    expect(text(denied, { mode: 'tag' })).toContain('An operator has denied it at tier tag')
    expect(text(denied, { mode: 'tag' })).toContain('it comes to tag')
  })

  it('says why a sender that would be listed is not', () => {
    const pool = facts({ listing: null, exclusion: { why: 'protected_pool', pool: 'example-pool' } })
    expect(text(pool)).toContain('It lies in the protected pool example-pool')
    expect(text(facts({ listing: null, exclusion: { why: 'relay' } }))).toContain('one of our relays')
  })

  it('says in one line that nothing is known, and where to look for a network', () => {
    expect(text(facts(NOTHING))).toBe(`${SENDER}: nothing is known of this sender.\n`)
    expect(text(facts({ ...NOTHING, sender: 'example.org' }))).toContain('Evidence is kept by address')
    expect(text(facts({ ...NOTHING, sender: '203.0.113.0/24' }), {}, [SENDER])).toContain(SENDER)
    expect([isUnknown(facts(NOTHING)), isUnknown(facts())]).toEqual([true, false])
  })

  it('names the log once where all samples are of one, and each log where they are not', () => {
    const one = text(facts({ samples: [sample(), sample({ source_offset: 5 })] }))
    expect(one.match(/\/var\/log\/mail\.log/g)).toHaveLength(1)
    const two = explanationText(
      facts({ samples: [sample(), sample({ source_name: '/b.log' })] }),
      { publisher: publisher(), within: [] },
      { width: undefined, rule: false, colour: false },
    )
    expect(two).toMatch(/\/var\/log\/mail\.log +4711/)
    expect(two).toContain('/b.log')
  })

  it('lets nothing through to the terminal that a peer or an operator wrote into names and reasons', () => {
    const hostile = '\u001b]0;x\u0007\u202e\r\n'
    const said = text(
      facts({
        samples: [sample({ peer_name: hostile, host: hostile, source_name: hostile })],
        pairs: [
          {
            kind: 'D2',
            observed_at: NOW,
            failed_at: NOW - 1000,
            host: hostile,
            failure_reason: 'not_tls',
            event_id: '',
            failed_event_id: '',
          },
        ],
        overrides: [
          { sender: SENDER, action: 'allow', tier: null, until: null, by: hostile, why: hostile, created_at: NOW },
        ],
      }),
    )
    expect(said.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('shows the newest days and where the older ones are', () => {
    const evidence = Array.from({ length: 40 }, (_, index) => ({ ...PLAINTEXT, day: DAY - 39 + index, sessions: 1 }))
    const said = text(facts({ evidence }))
    expect(said).toContain('and 10 older rows: tlsrep query sender --param sender=203.0.113.45/32')
    expect(said).not.toContain('2026-10-26  mx')
    expect(said).toContain('2026-11-25  mx')
  })
})

describe('explanationJson', () => {
  it('has moments as RFC 3339, days as dates and bytes as hexadecimal, like all JSON of tlsrep', () => {
    const json = JSON.parse(explanationJson(facts()))
    expect(json).toMatchObject({
      now: '2026-11-25T13:00:00.000Z',
      evidence: [{ day: '2026-11-25', sessions: 18 }],
      listing: { listed_at: '2026-11-25T12:59:00.000Z', sample_event_ids: ['ab'.repeat(16)] },
      history: [{ written_at: '2026-11-25T12:59:00.000Z' }],
      explanation: { reputation: { listed_on: '2026-11-25', scored_at: '2026-11-25T13:00:00.000Z' } },
    })
    expect(
      JSON.parse(explanationJson({ ...facts(), listing: { ...LISTING, sample_event_ids: [Buffer.from([1])] } })),
    ).toMatchObject({
      listing: { sample_event_ids: ['01'] },
    })
  })

  it('leaves thresholds numbers', () => {
    const clean = facts({ evidence: [{ ...PLAINTEXT, sessions: 1 }], listing: null })
    expect(typeof JSON.parse(explanationJson(clean)).explanation.next_tier.list_at).toBe('number')
  })
})
