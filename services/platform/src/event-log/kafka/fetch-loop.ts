import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { endedBy } from './attempts.ts'
import { type FetchBounds, fetchFrom, leaderOf, leadersOf, type TopicView, viewTopic } from './cluster-view.ts'
import { CODE, classified, isTopicMissing, KafkaCodeError, KafkaUnavailable, wordsOf } from './failure.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { FetchedPartition } from './requests.ts'

export interface FetchLoopOptions {
  /** Nobody else fetches over it: what waits there at the end is given up. */
  connection: Pick<KafkaConnection, 'send' | 'connect' | 'giveUpFetches'>
  view: TopicView
  /** Where each partition goes on; moved on by the loop. */
  positions: Map<number, bigint>
  /** Asked before each fetch. */
  bounds: () => FetchBounds
  /** Milliseconds after which partitions and topic id are looked at again. */
  metadataMaxAge: number
  now: () => number
  signal: AbortSignal
  logger: Logger
  /** Told of each answer of a leader, of an outage as null. */
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
/** What the other leaders have for us is waited for so long where one has failed. */
const OTHERS_MS = 300

/** Reads partitions on and on, through outages and changes of leaders, until the signal is aborted or the topic is another one. */
export async function fetchLoop(options: FetchLoopOptions): Promise<void> {
  const { now, signal, metadataMaxAge, connection, logger } = options
  let view = options.view
  let viewedAt = now()
  let wait = FIRST_WAIT_MS
  let away = false
  const isOver = (): boolean => signal.aborted
  const good = (): void => {
    if (away) logger.info({ topic: view.topic }, 'Kafka answers again')
    away = false
    wait = FIRST_WAIT_MS
  }
  while (!isOver()) {
    try {
      if (now() - viewedAt >= metadataMaxAge) {
        const newer = await viewTopic(connection, view.topic)
        if (isOtherTopic(view, newer)) return options.changed(newer)
        view = newer
        viewedAt = now()
      }
      if (options.positions.size === 0) await idle(options.bounds().maxWait, signal)
      else await readLeaders(options, view, { good, until: viewedAt + metadataMaxAge })
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

/**
 * Reads from each leader by itself, since an answer waits for something new: one that has nothing holds up no other. Until the leaders have
 * to be looked at again.
 * @param good called when every leader has answered
 */
async function readLeaders(
  options: FetchLoopOptions,
  view: TopicView,
  { good, until }: { good: () => void; until: number },
): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const leaders = leadersOf(view, options.positions.keys())
  const silent = new Set(leaders)
  const reading = leaders.map(async (leader) => {
    try {
      while (!signal.aborted && options.now() < until) {
        if (!(await readOnce(options, view, leader, signal))) break
        silent.delete(leader)
        if (silent.size === 0) good()
      }
    } catch (error) {
      if (leaders.length > 1) await idle(OTHERS_MS, signal)
      throw error
    } finally {
      ended.abort()
    }
  })
  const results = await Promise.allSettled(reading)
  await options.connection.giveUpFetches()
  if (options.signal.aborted) return
  for (const result of results)
    if (result.status === 'rejected' && !(result.reason instanceof GivenUp)) throw result.reason
}

/** Others have ended the reading while this leader was waited for. */
class GivenUp extends Error {}

/** @returns false where nothing is wanted of this leader any more */
async function readOnce(
  options: FetchLoopOptions,
  view: TopicView,
  leader: number,
  signal: AbortSignal,
): Promise<boolean> {
  await options.room()
  const wanted = [...options.positions].filter(([partition]) => leaderOf(view, partition) === leader)
  if (signal.aborted || wanted.length === 0) return false
  const positions = wanted.map(([partition, offset]) => ({ partition, offset }))
  const fetching = fetchFrom(options.connection, view, leader, { positions, bounds: options.bounds() })
  const answers = await endedBy(signal, fetching).catch((error: unknown) => {
    throw signal.aborted ? new GivenUp() : error
  })
  if (options.signal.aborted) return false
  await takeAnswers(options, view, answers)
  return true
}

async function takeAnswers(
  options: FetchLoopOptions,
  view: TopicView,
  answers: readonly FetchedPartition[],
): Promise<void> {
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
