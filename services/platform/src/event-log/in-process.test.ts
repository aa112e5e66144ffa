import { describe, expect, test } from 'vitest'
import type { AppendBatch, DeliveredBatch, LogRecord, Topic } from './event-log.ts'
import { InProcessEventLog } from './in-process.ts'
import { LogClosedError, ReaderGoneError } from './in-process-errors.ts'
import type { StoredTopic, TopicStore } from './topic-store.ts'

function record(key: string, value: string | null = key): LogRecord {
  return { key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}

function batch(topic: Topic, keys: readonly string[], checkpoint: LogRecord | null = null): AppendBatch {
  return { topic, records: keys.map((key) => record(key)), checkpoint }
}

function texts(records: readonly LogRecord[]): string[] {
  return records.map(({ key, value }) => (value === null ? `${text(key)} gone` : text(value)))
}

function text(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString()
}

/** A store in memory that says in `journal` what was written, in order. */
class FakeStore implements TopicStore {
  readonly journal: string[] = []
  readonly tokens: string[] = []
  fail: Error | null = null
  readonly #content = new Map<StoredTopic, Map<string, LogRecord>>()

  async write(topic: StoredTopic, records: readonly LogRecord[], token: string): Promise<void> {
    await Promise.resolve()
    if (this.fail !== null) throw this.fail
    this.tokens.push(token)
    this.journal.push(`${topic}: ${texts(records).join(' ')}`)
    const content = this.#content.get(topic) ?? new Map<string, LogRecord>()
    this.#content.set(topic, content)
    for (const each of records) {
      if (each.value === null) content.delete(text(each.key))
      else content.set(text(each.key), each)
    }
  }

  async read(topic: StoredTopic): Promise<readonly LogRecord[]> {
    await Promise.resolve()
    return [...(this.#content.get(topic)?.values() ?? [])]
  }
}

function start(bounds: { maxRecords?: number; maxBytes?: number } = {}) {
  const store = new FakeStore()
  const log = new InProcessEventLog({ store, now: () => 1_764_000_000_000, ...bounds })
  return { store, log, stop: new AbortController() }
}

/** A gate that a handler waits at until the test opens it. */
function gate() {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
  await new Promise((resolve) => setImmediate(resolve))
}

const READER = { group: 'scorer', whole: false }

describe('tls.negotiations in process', () => {
  test('an append resolves after its reader has stored it and its checkpoint is saved, in this order', async () => {
    const { store, log, stop } = start()
    const { open, opened } = gate()
    const reading = log.subscribe('tls.negotiations', READER, () => opened, stop.signal)
    const order: string[] = store.journal
    const appended = log.append(batch('tls.negotiations', ['a'], record('mail.log', 'read to 100'))).then(() => {
      order.push('acknowledged')
    })
    await settled()
    expect(order).toEqual([])
    order.push('stored')
    open()
    await appended
    expect(order).toEqual(['stored', 'tls.checkpoints: read to 100', 'acknowledged'])
    stop.abort()
    await reading
  })

  test('appends that wait are delivered together, in order, with one checkpoint an input', async () => {
    const { store, log, stop } = start()
    const delivered: DeliveredBatch[] = []
    const { open, opened } = gate()
    const reading = log.subscribe(
      'tls.negotiations',
      READER,
      (given) => {
        delivered.push(given)
        return opened
      },
      stop.signal,
    )
    const appends = [log.append(batch('tls.negotiations', ['a'], record('x', 'x1')))]
    await settled()
    appends.push(
      log.append(batch('tls.negotiations', ['b', 'c'], record('x', 'x2'))),
      log.append(batch('tls.negotiations', [], record('y', 'y1'))),
      log.append(batch('tls.negotiations', ['d'], record('x', 'x3'))),
    )
    open()
    await Promise.all(appends)
    expect(delivered.map(({ records }) => texts(records))).toEqual([['a'], ['b', 'c', 'd']])
    expect(delivered.map(({ ranges }) => ranges)).toEqual([
      [{ partition: 0, firstOffset: 0n, lastOffset: 0n }],
      [{ partition: 0, firstOffset: 1n, lastOffset: 3n }],
    ])
    expect(store.journal).toEqual(['tls.checkpoints: x1', 'tls.checkpoints: x3 y1'])
    stop.abort()
    await reading
  })

  test('a checkpoint without events is saved without troubling the reader', async () => {
    const { store, log, stop } = start()
    let deliveries = 0
    const reading = log.subscribe('tls.negotiations', READER, async () => void deliveries++, stop.signal)
    await log.append(batch('tls.negotiations', [], record('x', 'x1')))
    expect(deliveries).toBe(0)
    expect(store.journal).toEqual(['tls.checkpoints: x1'])
    stop.abort()
    await reading
  })

  test('a delivery stays within its bounds, but an append is never torn apart', async () => {
    const { log, stop } = start({ maxRecords: 3, maxBytes: 1000 })
    const sizes: number[] = []
    const appends = [
      log.append(batch('tls.negotiations', ['a', 'b'])),
      log.append(batch('tls.negotiations', ['c', 'd'])),
      log.append(batch('tls.negotiations', ['e', 'f', 'g', 'h', 'i'])),
      log.append(batch('tls.negotiations', ['j'])),
      log.append({ topic: 'tls.negotiations', records: [record('k', 'k'.repeat(1000))], checkpoint: null }),
    ]
    const reading = log.subscribe(
      'tls.negotiations',
      READER,
      async ({ records }) => void sizes.push(records.length),
      stop.signal,
    )
    await Promise.all(appends)
    expect(sizes).toEqual([2, 2, 5, 1, 1])
    stop.abort()
    await reading
  })

  test('when the reader fails, what it had, what waited and what comes are refused, and nothing is checkpointed', async () => {
    const { store, log, stop } = start()
    const reading = log.subscribe('tls.negotiations', READER, () => Promise.reject(new Error('bug')), stop.signal)
    const appends = ['a', 'b'].map((key) => log.append(batch('tls.negotiations', [key], record('x', key))))
    await expect(reading).rejects.toThrow('bug')
    for (const append of appends) await expect(append).rejects.toBeInstanceOf(ReaderGoneError)
    await expect(log.append(batch('tls.negotiations', ['c']))).rejects.toThrow('append again after the next start')
    expect(store.journal).toEqual([])
  })

  test('after an aborted subscription the batch under way is finished, later ones are refused until a new reader comes', async () => {
    const { log, stop } = start()
    const { open, opened } = gate()
    const reading = log.subscribe('tls.negotiations', READER, () => opened, stop.signal)
    const first = log.append(batch('tls.negotiations', ['a']))
    await settled()
    const second = log.append(batch('tls.negotiations', ['b']))
    stop.abort()
    open()
    await first
    await reading
    await expect(second).rejects.toBeInstanceOf(ReaderGoneError)
    const again = new AbortController()
    const seen: string[] = []
    const rereading = log.subscribe(
      'tls.negotiations',
      READER,
      async ({ records }) => void seen.push(...texts(records)),
      again.signal,
    )
    await log.append(batch('tls.negotiations', ['c']))
    expect(seen).toEqual(['c'])
    again.abort()
    await rereading
  })

  test('a failed checkpoint is not acknowledged', async () => {
    const { store, log, stop } = start()
    const reading = log.subscribe('tls.negotiations', READER, () => Promise.resolve(), stop.signal)
    store.fail = new Error('disk full')
    await expect(log.append(batch('tls.negotiations', ['a'], record('x')))).rejects.toBeInstanceOf(ReaderGoneError)
    await expect(reading).rejects.toThrow('disk full')
  })

  test('a second reader is a bug', async () => {
    const { log, stop } = start()
    const reading = log.subscribe('tls.negotiations', READER, () => Promise.resolve(), stop.signal)
    await expect(log.subscribe('tls.negotiations', READER, () => Promise.resolve(), stop.signal)).rejects.toThrow(
      'reader already',
    )
    stop.abort()
    await reading
  })

  test('close finishes what waits, ends the subscription and refuses what comes', async () => {
    const { log, stop } = start({ maxRecords: 1 })
    const seen: string[] = []
    const reading = log.subscribe(
      'tls.negotiations',
      READER,
      async ({ records }) => void seen.push(...texts(records)),
      stop.signal,
    )
    const appends = ['a', 'b', 'c'].map((key) => log.append(batch('tls.negotiations', [key])))
    await log.close()
    await Promise.all(appends)
    await reading
    expect(seen).toEqual(['a', 'b', 'c'])
    await expect(log.append(batch('tls.negotiations', ['d']))).rejects.toBeInstanceOf(LogClosedError)
  })

  test('close refuses what no reader ever came for', async () => {
    const { log } = start()
    const append = log.append(batch('tls.negotiations', ['a']))
    const closed = log.close()
    await expect(append).rejects.toBeInstanceOf(LogClosedError)
    await closed
  })

  test('each start is a log of its own', () => {
    expect(start().log.id).not.toBe(start().log.id)
  })
})

describe('a stored topic in process', () => {
  test('is durable before an append resolves, and reaches every group', async () => {
    const { store, log, stop } = start()
    const seen: string[] = []
    const readings = ['dnsbl', 'policy'].map((group) =>
      log.subscribe(
        'tls.listings',
        { group, whole: false },
        async ({ records }) => void seen.push(`${group} ${texts(records)}`),
        stop.signal,
      ),
    )
    await log.append(batch('tls.listings', ['a']))
    expect(store.journal).toEqual(['tls.listings: a'])
    await settled()
    expect(seen.sort()).toEqual(['dnsbl a', 'policy a'])
    stop.abort()
    await Promise.all(readings)
  })

  test('an append that the store refuses rejects and is not delivered', async () => {
    const { store, log, stop } = start()
    const seen: string[] = []
    const reading = log.subscribe(
      'tls.overrides',
      READER,
      async ({ records }) => void seen.push(...texts(records)),
      stop.signal,
    )
    store.fail = new Error('ClickHouse is away')
    await expect(log.append(batch('tls.overrides', ['a']))).rejects.toThrow('ClickHouse is away')
    store.fail = null
    await log.append(batch('tls.overrides', ['b']))
    await settled()
    expect(seen).toEqual(['b'])
    stop.abort()
    await reading
  })

  test('gives its whole content first, then what follows, with no gap and no repetition', async () => {
    const { log, stop } = start({ maxRecords: 2 })
    const seen: string[] = []
    const append = (keys: string[]) => log.append(batch('tls.listings', keys))
    await append(['a', 'b'])
    await log.append({ topic: 'tls.listings', records: [record('b', null)], checkpoint: null })
    const before = [append(['c', 'd', 'e']), append(['f'])]
    const reading = log.subscribe(
      'tls.listings',
      { group: 'publisher', whole: true },
      async ({ records }) => {
        seen.push(...texts(records))
        await settled()
      },
      stop.signal,
    )
    const after = [append(['g']), append(['h']), append(['i'])]
    await Promise.all([...before, ...after])
    await log.close()
    await reading
    expect(seen).toEqual(['a', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
  })

  test('makes appends wait for a slow reader, and lets them go when it stops', async () => {
    const { log, stop } = start({ maxRecords: 2 })
    const { open, opened } = gate()
    const reading = log.subscribe('tls.listings', READER, () => opened, stop.signal)
    let done = 0
    const appends = Array.from({ length: 5 }, (_, i) =>
      log.append(batch('tls.listings', [`k${i}`, `l${i}`])).then(() => done++),
    )
    await settled()
    expect(done).toBeLessThan(5)
    stop.abort()
    open()
    await Promise.all(appends)
    await reading
    expect(done).toBe(5)
  })

  test('a reader that fails takes nobody with it', async () => {
    const { log, stop } = start()
    const reading = log.subscribe('tls.listings', READER, () => Promise.reject(new Error('bug')), stop.signal)
    await log.append(batch('tls.listings', ['a']))
    await expect(reading).rejects.toThrow('bug')
    await log.append(batch('tls.listings', ['b']))
    expect(texts(await log.readCompacted('tls.listings'))).toEqual(['a', 'b'])
  })

  test('names each write by a token of its own', async () => {
    const { store, log } = start()
    await log.append(batch('tls.listings', ['a']))
    await log.append(batch('tls.listings', ['a']))
    await log.append(batch('tls.deadletter', ['x']))
    expect(new Set(store.tokens).size).toBe(3)
  })

  test('that is not compacted has no whole content', async () => {
    const { log, stop } = start()
    const whole = { group: 'g', whole: true }
    await expect(log.subscribe('tls.deadletter', whole, () => Promise.resolve(), stop.signal)).rejects.toThrow(
      'not compacted',
    )
  })
})
