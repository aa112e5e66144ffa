import { createEncoder } from '@tlsrep/schemas'
import { expect, test } from 'vitest'
import { useClickHouse } from '../../../test/support/clickhouse.ts'
import { encoded, manyClear, started, tables } from './test-support.ts'

const server = useClickHouse()

test('many appends through the log are stored, listed, delivered and checkpointed before they are acknowledged', async () => {
  const clickhouse = await server.freshDatabase()
  const { scorer, log } = await started(clickhouse)
  const stop = new AbortController()
  const reading = log.subscribe(
    'tls.negotiations',
    { group: 'scorer', whole: false },
    (batch) => scorer.handle(batch),
    stop.signal,
  )
  const published: string[] = []
  const publishing = log.subscribe(
    'tls.listings',
    { group: 'publisher', whole: true },
    async ({ records }) => void published.push(...records.map(({ key }) => Buffer.from(key ?? []).toString())),
    stop.signal,
  )
  const encoder = createEncoder('Checkpoint')
  const checkpoint = (emitted_to: number) => ({
    key: Buffer.from('mx/mail.log'),
    value: encoder.encode({
      collector: 'mx',
      input: 'mail.log',
      source_name: 'mail.log',
      device: null,
      inode: null,
      fingerprint: null,
      fingerprint_length: 0,
      size: null,
      emitted_to,
      resume_from: 0,
      newest_line_at: null,
      hosts: [],
      listeners: [],
      ordinals: [],
      outbound_peers: [],
      queued_senders: [],
      open_sessions: null,
      state_version: 1,
      updated_at: 0,
    }),
  })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      log.append({ topic: 'tls.negotiations', records: encoded(manyClear(i, 12)), checkpoint: checkpoint(i) }),
    ),
  )
  const { counts, listings } = await tables(clickhouse)
  expect(counts).toEqual({ events: 240, ids: 240 })
  expect(listings).toHaveLength(20)
  expect(await clickhouse.rows('SELECT emitted_to FROM input_checkpoints FINAL')).toEqual([{ emitted_to: 19 }])
  expect(scorer.counters.batches).toBeLessThan(20)
  await log.close()
  await Promise.all([reading, publishing])
  expect(published.sort()).toEqual(listings.map(({ sender }) => sender))
})
