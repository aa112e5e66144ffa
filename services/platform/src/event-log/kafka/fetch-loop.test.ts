import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import type { TopicView } from './cluster-view.ts'
import { KafkaUnavailable } from './failure.ts'
import { type FetchLoopOptions, fetchLoop } from './fetch-loop.ts'
import type { FetchedPartition, WireRequest } from './requests.ts'

type Answer = () => Promise<FetchedPartition[]>

/** Brokers of which each leads the partition of its own number. */
class Cluster {
  readonly asked: number[] = []
  givenUp = 0
  readonly #answers: readonly Answer[]

  constructor(answers: readonly Answer[]) {
    this.#answers = answers
  }

  async send<T>(node: number | null, request: WireRequest<T>): Promise<T> {
    if (request.apiName !== 'Fetch') throw new KafkaUnavailable('metadata are away')
    const leader = node ?? 0
    this.asked.push(leader)
    return (await this.#answers[leader]?.()) as T
  }

  async connect(): Promise<void> {}

  async giveUpFetches(): Promise<void> {
    this.givenUp++
  }
}

const waiting: Answer = () => new Promise(() => {})

/** An endless log of empty batches, one an answer. */
function flowing(partition: number): Answer {
  let offset = 0n
  return async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const batch = {
      firstOffset: offset,
      lastOffset: offset,
      producerId: 0n,
      transactional: false,
      control: null,
      records: [],
    }
    offset++
    return [
      { partition, error: 0, highWatermark: offset, lastStableOffset: offset, logStartOffset: 0n, batches: [batch] },
    ]
  }
}

describe('reading from several leaders', () => {
  const stop: AbortController[] = []
  afterEach(() => {
    for (const controller of stop.splice(0)) controller.abort()
  })

  /** Reads both partitions; resolves when the loop has ended. */
  function read(cluster: Cluster, take: (partition: FetchedPartition, end: () => void) => void): Promise<void> {
    const over = new AbortController()
    stop.push(over)
    const view: TopicView = {
      topic: 't',
      log: 'c/t',
      id: Buffer.alloc(16),
      leaders: new Map([
        [0, 0],
        [1, 1],
      ]),
    }
    const options: FetchLoopOptions = {
      connection: cluster,
      view,
      positions: new Map([
        [0, 0n],
        [1, 0n],
      ]),
      bounds: () => ({ maxWait: 60_000, maxBytes: 1, maxPartitionBytes: 1 }),
      metadataMaxAge: Number.POSITIVE_INFINITY,
      now: Date.now,
      signal: over.signal,
      logger: pino({ level: 'silent' }),
      answered: () => {},
      room: async () => {},
      changed: () => {},
      outOfRange: async () => 0n,
      take: (partition) => take(partition, () => over.abort()),
    }
    return fetchLoop(options)
  }

  test('one that has nothing new holds up no other, and is not waited for at the end', async () => {
    const cluster = new Cluster([flowing(0), waiting])
    let taken = 0
    await read(cluster, (_, end) => {
      if (++taken === 20) end()
    })
    expect(cluster.asked.filter((leader) => leader === 1)).toHaveLength(1)
    expect(cluster.givenUp).toBe(1)
  })

  test('one that is away holds up no other', async () => {
    const cluster = new Cluster([flowing(0), () => Promise.reject(new KafkaUnavailable('away'))])
    let taken = 0
    await read(cluster, (_, end) => {
      if (++taken === 20) end()
    })
    expect(taken).toBe(20)
  })

  test('a failure that is none of Kafka ends all of it', async () => {
    const cluster = new Cluster([flowing(0), () => Promise.reject(new TypeError('bug'))])
    await expect(read(cluster, () => {})).rejects.toThrow('bug')
  })
})
