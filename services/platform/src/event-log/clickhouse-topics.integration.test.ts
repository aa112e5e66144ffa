import { type Checkpoint, createEncoder, type DeadLetter, type Listing, type Override } from '@tlsrep/schemas'
import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger, useClickHouse } from '../../../../test/support/clickhouse.ts'
import type { ClickHouse } from '../clickhouse/clickhouse.ts'
import { ClickHouseUnavailable } from '../clickhouse/unavailable.ts'
import { ClickHouseTopicStore } from './clickhouse-topics.ts'
import type { LogRecord } from './event-log.ts'
import type { TopicTables } from './topic-store.ts'

const server = useClickHouse()
let clickhouse: ClickHouse
let clock = 1_795_532_400_000

beforeEach(async () => {
  clickhouse = await server.freshDatabase()
})

function store(tables: TopicTables = clickhouse, signal = new AbortController().signal): ClickHouseTopicStore {
  return new ClickHouseTopicStore({ clickhouse: tables, now: () => clock, signal, logger: silentLogger })
}

const encoders = {
  Listing: createEncoder('Listing'),
  Override: createEncoder('Override'),
  Checkpoint: createEncoder('Checkpoint'),
  DeadLetter: createEncoder('DeadLetter'),
}

function listing(sender: string, changes: Partial<Listing> = {}): LogRecord {
  const record: Listing = {
    sender,
    tier: 'tag',
    listed_at: clock,
    updated_at: clock,
    expires_at: clock + 86_400_000,
    review_at: null,
    sequence: 7,
    reasons: ['plaintext', 'downgrade'],
    lower_bound: 0.25,
    upper_bound: 0.75,
    effective_sessions: 12.5,
    explanation: 'twelve of twelve',
    remedy: 'use TLS',
    sample_event_ids: [Buffer.alloc(16, 0xfe)],
    first_evidence_day: 20_700,
    last_evidence_day: null,
    policy_hash: 'abc',
    scored_at: clock,
    ...changes,
  }
  return { key: Buffer.from(sender), value: encoders.Listing.encode(record) }
}

function gone(key: string): LogRecord {
  return { key: Buffer.from(key), value: null }
}

function plain(records: readonly LogRecord[]): [string, string][] {
  return records.map(({ key, value }) => [Buffer.from(key ?? []).toString(), Buffer.from(value ?? []).toString('hex')])
}

describe('listings in ClickHouse', () => {
  test('come back byte for byte, the newest of each key, without those withdrawn', async () => {
    const topics = store()
    const [first, second, newest] = [listing('a/32'), listing('b/32'), listing('a/32', { tier: 'defer', sequence: 8 })]
    await topics.write('tls.listings', [first, second, listing('c/32')], 't1')
    await topics.write('tls.listings', [newest, gone('c/32')], 't2')
    expect(plain(await topics.read('tls.listings'))).toEqual(plain([newest, second]))
    expect(plain(await store().read('tls.listings'))).toEqual(plain([newest, second]))
  })

  test('have their fields beside them, for people', async () => {
    await store().write('tls.listings', [listing('a/32'), gone('b/32')], 't1')
    const rows = await clickhouse.rows(
      `SELECT sender, tombstone, tier, expires_at, review_at, sequence, reasons, lower_bound, explanation,
         arrayMap(id -> hex(id), sample_event_ids) AS ids, first_evidence_day, last_evidence_day, policy_hash
       FROM listings_log ORDER BY sender`,
    )
    expect(rows).toMatchObject([
      {
        sender: 'a/32',
        tombstone: false,
        tier: 'tag',
        expires_at: new Date(clock + 86_400_000).toISOString(),
        review_at: null,
        sequence: 7,
        reasons: ['plaintext', 'downgrade'],
        lower_bound: 0.25,
        explanation: 'twelve of twelve',
        ids: ['FE'.repeat(16)],
        first_evidence_day: '2026-09-04',
        last_evidence_day: null,
        policy_hash: 'abc',
      },
      { sender: 'b/32', tombstone: true, tier: 'clean', expires_at: null, reasons: [] },
    ])
  })

  test('of two writes the later one holds, also after a restart with the clock set back', async () => {
    await store().write('tls.listings', [listing('a/32')], 't1')
    clock -= 86_400_000
    await store().write('tls.listings', [gone('a/32')], 't2')
    clock += 86_400_000
    expect(await store().read('tls.listings')).toEqual([])
  })
})

describe('the other topics in ClickHouse', () => {
  test('overrides keep their history, withdrawals too', async () => {
    const topics = store()
    const override: Override = {
      sender: '10.0.0.0/8',
      action: 'deny',
      tier: 'reject',
      until: null,
      by: 'ann',
      why: 'spam',
      created_at: clock,
    }
    const record = { key: Buffer.from(override.sender), value: encoders.Override.encode(override) }
    await topics.write('tls.overrides', [record], 't1')
    expect(plain(await topics.read('tls.overrides'))).toEqual(plain([record]))
    await topics.write('tls.overrides', [gone(override.sender)], 't2')
    expect(await topics.read('tls.overrides')).toEqual([])
    const rows = await clickhouse.rows(
      'SELECT sender, tombstone, action, tier, until, by, why FROM overrides ORDER BY version',
    )
    const facts = { sender: '10.0.0.0/8', until: null }
    expect(rows).toEqual([
      { ...facts, tombstone: false, action: 'deny', tier: 'reject', by: 'ann', why: 'spam' },
      { ...facts, tombstone: true, action: '', tier: null, by: '', why: '' },
    ])
  })

  test('checkpoints have keys of any bytes', async () => {
    const checkpoint: Checkpoint = {
      collector: 'mx1',
      input: 'mail.log',
      source_name: '/var/log/mail.log',
      device: null,
      inode: null,
      fingerprint: null,
      fingerprint_length: 0,
      size: null,
      emitted_to: 5_000_000_000,
      resume_from: 17,
      newest_line_at: null,
      hosts: [],
      listeners: [],
      ordinals: [],
      outbound_peers: [],
      queued_senders: [],
      open_sessions: null,
      state_version: 1,
      updated_at: clock,
    }
    const key = Buffer.from('mx1\0\xff', 'latin1')
    const record = { key, value: encoders.Checkpoint.encode(checkpoint) }
    const topics = store()
    await topics.write('tls.checkpoints', [record], 't1')
    const [read] = await topics.read('tls.checkpoints')
    expect(Buffer.from(read?.key ?? [])).toEqual(key)
    expect(Buffer.from(read?.value ?? [])).toEqual(record.value)
    expect(await clickhouse.rows('SELECT input, emitted_to, resume_from FROM input_checkpoints FINAL')).toEqual([
      { input: 'mail.log', emitted_to: 5_000_000_000, resume_from: 17 },
    ])
  })

  const letter = (changes: Partial<DeadLetter> = {}): LogRecord => {
    const dead: DeadLetter = {
      reason: 'too_long',
      stage: 'framing',
      collector: 'mx1',
      source_name: 'mail.log',
      source_offset: 12,
      length: 70_000,
      hash: Buffer.alloc(16, 1),
      shape: 'aaa 999',
      detail: '',
      died_at: clock,
      ...changes,
    }
    return { key: null, value: encoders.DeadLetter.encode(dead) }
  }

  test('a dead letter is written once for one token', async () => {
    const record = letter()
    const topics = store()
    await topics.write('tls.deadletter', [record], 't1')
    await topics.write('tls.deadletter', [record], 't1')
    await topics.write('tls.deadletter', [record], 't2')
    expect(
      await clickhouse.rows('SELECT reason, stage, source_offset, shape, count() AS n FROM dead_letters GROUP BY ALL'),
    ).toEqual([{ reason: 'too_long', stage: 'framing', source_offset: 12, shape: 'aaa 999', n: 2 }])
  })

  test('a dead letter that an earlier run wrote is not written again, whatever its file is called by now', async () => {
    await store().write('tls.deadletter', [letter(), letter({ source_offset: 99, source_name: 'mail.log.1' })], 't1')
    clock += 60_000
    const others = [
      letter({ source_offset: 13 }),
      letter({ hash: Buffer.alloc(16, 2) }),
      letter({ source_name: 'other.log' }),
      letter({ collector: 'mx2' }),
    ]
    const again = [letter({ source_name: 'mail.log.1' }), letter({ source_offset: 99, source_name: 'mail.log.2.gz' })]
    await store().write('tls.deadletter', [...again, ...others], 't2')
    await store().write('tls.deadletter', again, 't3')
    const written = await clickhouse.rows<{ n: number }>('SELECT count() AS n FROM dead_letters')
    expect(written).toEqual([{ n: 2 + others.length }])
    // The same bytes at the same place a month later are another file's.
    clock += 30 * 86_400_000
    await store().write('tls.deadletter', [letter()], 't4')
    expect(await clickhouse.rows('SELECT count() AS n FROM dead_letters')).toEqual([{ n: 3 + others.length }])
  })
})

describe('when ClickHouse is away', () => {
  const away = (times: number): TopicTables => ({
    rows: (query, params) => clickhouse.rows(query, params),
    insertAvro: async (table, container, token) => {
      await clickhouse.insertAvro(table, container, token)
      if (times-- > 0) throw new ClickHouseUnavailable('gone', { clickhouseCode: null, cause: null })
    },
  })

  test('listings wait until it is back, and are there once', async () => {
    await store(away(2)).write('tls.listings', [listing('a/32')], 't1')
    expect(await clickhouse.rows('SELECT count() AS n FROM listings_log FINAL')).toEqual([{ n: 1 }])
  })

  test('an override is refused at once: a person waits for it', async () => {
    await expect(store(away(1)).write('tls.overrides', [gone('a/32')], 't1')).rejects.toBeInstanceOf(
      ClickHouseUnavailable,
    )
  })
})
