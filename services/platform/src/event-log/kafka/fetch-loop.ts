import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type FetchBounds, fetchPartitions, type TopicView, viewTopic } from './cluster-view.ts'
import { CODE, classified, isTopicMissing, KafkaCodeError, KafkaUnavailable, wordsOf } from './failure.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { FetchedPartition } from './requests.ts'

export interface FetchLoopOptions {
  connection: KafkaConnection
  view: TopicView
  /** Where each partition goes on; moved on by the loop. */
  positions: Map<number, bigint>
  bounds: FetchBounds
  /** Milliseconds after which partitions and topic id are looked at again. */
  metadataMaxAge: number
  now: () => number
  signal: AbortSignal
  logger: Logger
  /** Told after each round, of an outage as null. */
  answered(partitions: readonly FetchedPartition[] | null): void
  /** Room for more: resolves when there is. */
  room(): Promise<void>
  /** The topic has other partitions, or is another one under its name. Ends the loop. */
  changed(view: TopicView): void
  /** The position is not in the log: the one to go on at, or a throw. */
  outOfRange(partition: number, position: bigint, logStart: bigint): Promise<bigint>
  take(partition: FetchedPartition): void
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 2000

/** Reads partitions on and on, through outages and changes of leaders, until the signal is aborted or the topic is another one. */
export async function fetchLoop(options: FetchLoopOptions): Promise<void> {
  const { now, signal, metadataMaxAge, connection, logger } = options
  let view = options.view
  let viewedAt = now()
  let wait = FIRST_WAIT_MS
  let away = false
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    try {
      if (now() - viewedAt >= metadataMaxAge) {
        const newer = await viewTopic(connection, view.topic)
        if (isOtherTopic(view, newer)) return options.changed(newer)
        view = newer
        viewedAt = now()
      }
      await options.room()
      if (isOver()) return
      if (options.positions.size === 0) await idle(options.bounds.maxWait, signal)
      else await round(options, view)
      if (away) logger.info({ topic: view.topic }, 'Kafka answers again')
      away = false
      wait = FIRST_WAIT_MS
    } catch (error) {
      const failure = classified(error, `reading ${view.topic}`)
      if (isOver()) return
      options.answered(null)
      // A topic that is gone may come back under another id; who runs it is told meanwhile.
      if (!isTopicMissing(failure) && !(failure instanceof KafkaUnavailable)) throw failure
      if (!away) logger.warn({ topic: view.topic, reason: wordsOf(failure) }, 'Kafka cannot be read, trying again')
      away = true
      viewedAt = Number.NEGATIVE_INFINITY
      await idle(wait, signal)
      wait = Math.min(2 * wait, LONGEST_WAIT_MS)
      await connection.connect().catch(() => {})
    }
  }
}

async function round(options: FetchLoopOptions, view: TopicView): Promise<void> {
  const positions = [...options.positions].map(([partition, offset]) => ({ partition, offset }))
  const answers = await fetchPartitions(options.connection, view, positions, options.bounds)
  if (options.signal.aborted) return
  let failure: KafkaCodeError | null = null
  for (const answer of answers) {
    const position = options.positions.get(answer.partition) ?? 0n
    if (answer.error === CODE.offsetOutOfRange) {
      options.positions.set(
        answer.partition,
        await options.outOfRange(answer.partition, position, answer.logStartOffset),
      )
    } else if (answer.error !== 0) {
      // Another leader, or another topic: looked at again in a moment. The other partitions' records are good.
      failure = new KafkaCodeError(answer.error, `${view.topic}/${answer.partition}`)
    } else {
      const last = answer.batches.at(-1)
      if (last !== undefined) options.positions.set(answer.partition, last.lastOffset + 1n)
      options.take(answer)
    }
  }
  options.answered(answers)
  if (failure !== null) throw failure
}

/** Whether offsets or the share of partitions have to be found anew. */
export function isOtherTopic(before: TopicView, after: TopicView): boolean {
  return before.log !== after.log || before.leaders.size !== after.leaders.size
}

/** Sleeps, or wakes when the signal is aborted. */
export async function idle(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
