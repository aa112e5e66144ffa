import { setTimeout as sleep } from 'node:timers/promises'
import type { AppendBatch, DeliveredBatch, LogRecord, Topic } from '@tlsrep/platform/event-log/event-log'
import { type KafkaEventLog, KafkaEventLog as Log } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import type { KafkaEventLogOptions } from '@tlsrep/platform/event-log/kafka/options'
import { pino } from 'pino'

const { TLSREP_TEST_LOG } = process.env
export const quiet = pino({ level: TLSREP_TEST_LOG ?? 'silent' })

/** A log with the waits of a test. */
export function openLog(brokers: string[], options: Partial<KafkaEventLogOptions> = {}): Promise<KafkaEventLog> {
  return Log.open({
    kafka: { brokers, clientId: 'test', ...options.kafka },
    transactionalId: null,
    now: Date.now,
    logger: quiet,
    ...options,
    tuning: { heartbeatInterval: 200, maxWait: 100, ...options.tuning },
  })
}

export function record(key: string | null, value: string | null): LogRecord {
  return { key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}

/** An append of values, keyed by their text up to the first dot. */
export function batchOf(topic: Topic, values: readonly string[], checkpoint: LogRecord | null = null): AppendBatch {
  return { topic, records: values.map((value) => record(value.split('.')[0] ?? '', value)), checkpoint }
}

export function texts(records: readonly LogRecord[]): string[] {
  return records.map(({ value }) => (value === null ? 'tombstone' : Buffer.from(value).toString()))
}

/** Numbered values, spread over keys. */
export function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `k${(from + i) % 23}.${from + i}`)
}

/** A subscription that keeps what it is given. */
export class Collected {
  readonly batches: DeliveredBatch[] = []
  readonly values: string[] = []
  readonly #stop = new AbortController()
  readonly done: Promise<void>

  constructor(
    log: KafkaEventLog,
    topic: Topic,
    options: Parameters<KafkaEventLog['subscribe']>[1],
    handle: (batch: DeliveredBatch) => Promise<void> = async () => {},
  ) {
    const take = async (batch: DeliveredBatch): Promise<void> => {
      await handle(batch)
      this.batches.push(batch)
      this.values.push(...texts(batch.records))
    }
    this.done = log.subscribe(topic, options, take, this.#stop.signal)
    this.done.catch(() => {})
  }

  async until(what: string, holds: () => boolean, timeout = 60_000): Promise<void> {
    await until(what, holds, timeout, this.done)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.done
  }
}

/** Waits for something that others bring about. `ends` ends the waiting when it rejects. */
export async function until(
  what: string,
  holds: () => boolean,
  timeout = 60_000,
  ends?: Promise<unknown>,
): Promise<void> {
  const deadline = Date.now() + timeout
  const failure: { error?: unknown } = {}
  ends?.catch((error: unknown) => {
    failure.error = error
  })
  while (!holds()) {
    if (failure.error !== undefined) throw failure.error
    if (Date.now() > deadline) throw new Error(`waited ${timeout} ms in vain: ${what}`)
    await sleep(20)
  }
}

export function counter(log: KafkaEventLog, name: string): number {
  return log.figures[name] ?? 0
}
