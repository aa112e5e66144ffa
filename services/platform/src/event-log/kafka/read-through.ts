import type { Logger } from 'pino'
import type { FetchBounds, TopicView } from './cluster-view.ts'
import { EndWatch } from './end-watch.ts'
import { KafkaUnavailable, topicRecreated } from './failure.ts'
import { fetchLoop } from './fetch-loop.ts'
import { HeldUp } from './held-up.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { RecordBatch } from './record-batch.ts'

export interface ReadThroughOptions {
  connection: KafkaConnection
  view: TopicView
  from: ReadonlyMap<number, bigint>
  /** Where to end: behind the last record that is wanted of each partition. Batches may reach beyond it. */
  to: ReadonlyMap<number, bigint>
  bounds: FetchBounds
  /** Milliseconds that a fetch waits at the broker, instead of `maxWait` of the bounds. */
  endWait: number
  metadataMaxAge: number
  /** Milliseconds that a transaction which is open before the end is waited for. */
  openPatience: number
  now: () => number
  signal: AbortSignal
  logger: Logger
  /** Waited for before anything is fetched. */
  room?: () => Promise<void>
  take(partition: number, batches: readonly RecordBatch[]): void
  outOfRange(partition: number, position: bigint, logStart: bigint): Promise<bigint>
}

/**
 * Reads partitions from one place to another, through outages.
 * @throws KafkaUnavailable where it is stopped before the end; OperatorError where an open transaction does not let it come there
 */
export async function readThrough(options: ReadThroughOptions): Promise<void> {
  const { view, from, to, signal, take, endWait } = options
  const bounds = { ...options.bounds, maxWait: endWait }
  const watch = new EndWatch(from, to)
  const heldUp = new HeldUp(view.topic, ({ partition }) => to.get(partition) ?? 0n, options.openPatience)
  const positions = new Map([...from].filter(([partition]) => !watch.isReached(partition)))
  const end = new AbortController()
  const forget = (): void => {
    for (const partition of positions.keys()) if (watch.isReached(partition)) positions.delete(partition)
    if (watch.reached) end.abort()
  }
  const found: { other: TopicView | null } = { other: null }
  if (watch.reached) return
  await fetchLoop({
    ...options,
    bounds: () => bounds,
    positions,
    signal: AbortSignal.any([signal, end.signal]),
    room: options.room ?? (async () => {}),
    changed: (newer) => {
      found.other = newer
    },
    take: ({ partition, batches }) => {
      take(partition, batches)
      const last = batches.at(-1)
      if (last !== undefined) watch.moved(partition, last.lastOffset + 1n)
    },
    answered: (answers) => {
      const hanging = answers === null ? null : heldUp.look(answers, options.now())
      if (hanging !== null) throw hanging
      if (answers !== null) watch.sawNothing(answers)
      forget()
    },
  })
  if (found.other !== null && found.other.log !== view.log) throw topicRecreated(view.topic)
  if (!watch.reached) throw new KafkaUnavailable(`stopped while ${view.topic} was read`)
}
