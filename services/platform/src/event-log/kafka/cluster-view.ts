import { setTimeout as sleep } from 'node:timers/promises'
import { CODE, KafkaCodeError, KafkaUnavailable, topicMissing } from './failure.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import {
  type FetchedPartition,
  fetchRequest,
  metadataRequest,
  type PartitionPosition,
  type TopicMetadata,
} from './requests.ts'

/** One topic as it was found: which log its offsets belong to, and who leads its partitions. */
export interface TopicView {
  topic: string
  /** Cluster and topic id. A topic that is deleted and made again is another log. */
  log: string
  id: Buffer
  leaders: ReadonlyMap<number, number>
}

export interface FetchBounds {
  maxWait: number
  maxBytes: number
  maxPartitionBytes: number
}

/** @throws OperatorError where the topic does not exist; KafkaUnavailable where it has partitions without a leader */
export async function viewTopic(connection: Pick<KafkaConnection, 'send'>, topic: string): Promise<TopicView> {
  const [view] = await viewTopics(connection, [topic])
  if (view === undefined) throw new KafkaUnavailable(`Kafka says nothing about ${topic}`)
  return view
}

export async function viewTopics(
  connection: Pick<KafkaConnection, 'send'>,
  topics: readonly string[],
): Promise<TopicView[]> {
  const { clusterId, topics: found } = await connection.send(null, metadataRequest(topics))
  return found.map((metadata) => viewOf(clusterId, metadata))
}

function viewOf(clusterId: string, { name, error, id, partitions }: TopicMetadata): TopicView {
  if (error === CODE.unknownTopic) throw topicMissing(name)
  if (error !== 0) throw new KafkaCodeError(error, name)
  const leaders = new Map(partitions.map(({ partition, leader }) => [partition, leader]))
  return { topic: name, log: `${clusterId}/${id.toString('base64url')}`, id, leaders }
}

/** The broker that leads a partition; -1 where none does, as brokers write it. */
export function leaderOf(view: Pick<TopicView, 'leaders'>, partition: number): number {
  return view.leaders.get(partition) ?? -1
}

/** Who leads these partitions, each once. */
export function leadersOf(view: Pick<TopicView, 'leaders'>, partitions: Iterable<number>): number[] {
  return [...new Set([...partitions].map((partition) => leaderOf(view, partition)))]
}

/** Fetches partitions from their leader; committed records only. */
export function fetchFrom(
  connection: Pick<KafkaConnection, 'send'>,
  view: TopicView,
  leader: number,
  { positions, bounds }: { positions: readonly PartitionPosition[]; bounds: FetchBounds },
): Promise<FetchedPartition[]> {
  return connection.send(leader, fetchRequest({ topicId: view.id, positions, isolation: 'read_committed', ...bounds }))
}

/** The first offset of each partition, or the one behind its last record, committed or not. */
export async function listOffsets(
  connection: KafkaConnection,
  view: TopicView,
  which: 'first' | 'end',
): Promise<Map<number, bigint>> {
  const byLeader = Map.groupBy(view.leaders.keys(), (partition) => leaderOf(view, partition))
  const offsets = new Map<number, bigint>()
  for (const [leader, partitions] of byLeader) {
    const broker = await connection.broker(leader)
    const timestamp = which === 'first' ? -2 : -1
    const topics = [{ topic: view.topic, partitions: partitions.map((partition) => ({ partition, timestamp })) }]
    const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel: 0, topics })
    for (const { partition, offset } of responses.flatMap((response) => response.partitions)) {
      offsets.set(partition, BigInt(offset))
    }
  }
  return offsets
}

/** Whether the record at an offset was committed: it is asked for as soon as its transaction is over. */
export async function isCommitted(
  connection: KafkaConnection,
  { topic, partition, offset }: { topic: string; partition: number; offset: bigint },
  signal: AbortSignal,
): Promise<boolean> {
  const view = await viewTopic(connection, topic)
  const bounds = { maxWait: 500, maxBytes: 1, maxPartitionBytes: 1 }
  for (;;) {
    const positions = [{ partition, offset }]
    const [answer] = await fetchFrom(connection, view, leaderOf(view, partition), { positions, bounds })
    if (answer === undefined || answer.error !== 0)
      throw new KafkaCodeError(answer?.error ?? -1, `${topic}/${partition}`)
    if (answer.lastStableOffset > offset) {
      return answer.batches.some((batch) =>
        batch.records.some(({ offsetDelta }) => batch.firstOffset + BigInt(offsetDelta) === offset),
      )
    }
    await sleep(20, undefined, { signal })
  }
}
