import { endedBy } from './attempts.ts'
import { listOffsets, type TopicView, viewTopic } from './cluster-view.ts'
import { CODE, classified, codeOf, isTopicMissing, KafkaUnavailable, wordsOf } from './failure.ts'
import { idle } from './fetch-loop.ts'
import { Generation, HandlerFailed } from './generation.ts'
import { GroupMember } from './group-member.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import type { GroupSubscriptionOptions } from './subscription-options.ts'

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 5000
/**
 * One reader of a group. Fetching, handling and heartbeats run side by side; only this object's loop delivers, so one batch is in hand
 * at a time. A rebalance waits for it: it is finished and its position saved before the partitions are given away. Where that takes
 * longer than the group waits, or the session is lost, its position is not saved, and the next owner gets the batch again.
 */
export class GroupSubscription {
  readonly #options: GroupSubscriptionOptions
  #hasRead = false

  constructor(options: GroupSubscriptionOptions) {
    this.#options = options
  }

  /** Until the signal is aborted, or the handler rejects. */
  async run(): Promise<void> {
    const { client, signal } = this.#options
    for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const connection = client.connection()
      const member = this.#member(connection)
      try {
        await connection.connect()
        while (!signal.aborted) {
          await this.#generation(connection, member)
          wait = FIRST_WAIT_MS
        }
      } catch (error) {
        await this.#outage(error, wait)
      } finally {
        await member.leave()
        await connection.disconnect()
      }
    }
  }

  async #outage(error: unknown, wait: number): Promise<void> {
    const { state, logger, topicName, signal } = this.#options
    if (error instanceof HandlerFailed) throw error.cause
    const failure = classified(error, `reading ${topicName}`)
    // A topic that was there is perhaps being made again.
    const isOutage = failure instanceof KafkaUnavailable || (this.#hasRead && isTopicMissing(failure))
    if (!isOutage) throw failure
    if (signal.aborted) return
    state.counters.outages++
    state.connected = false
    logger.warn({ topic: topicName, reason: wordsOf(failure) }, 'the reader has lost Kafka, trying again')
    await idle(wait, signal)
  }

  #member(connection: KafkaConnection): GroupMember {
    const { client, group, topicName, sessionTimeout, rebalanceTimeout } = this.#options
    const partitionsOf = async (topic: string): Promise<number[]> => [
      ...(await viewTopic(connection, topic)).leaders.keys(),
    ]
    return new GroupMember({
      connection,
      otherConnection: () => client.connection(),
      group,
      topic: topicName,
      sessionTimeout,
      rebalanceTimeout,
      partitionsOf,
    })
  }

  /** From one rebalance to the next. */
  async #generation(connection: KafkaConnection, member: GroupMember): Promise<void> {
    const { state, signal, logger, topicName, assigned } = this.#options
    const view = await viewTopic(connection, topicName)
    const partitions = await this.#join(member)
    if (partitions === null) return
    state.counters.rebalances++
    const generation = new Generation(this.#options, connection, member, view)
    const stopHeartbeats = generation.startHeartbeats()
    try {
      await assigned(partitions, view.log, view.leaders.size).catch((error: unknown) => {
        throw new HandlerFailed('', { cause: error })
      })
      const positions = await this.#positions(connection, member, view, partitions)
      state.assigned(positions)
      this.#hasRead = true
      logger.info({ topic: topicName, partitions, generation: member.generation }, 'reading')
      await generation.run(positions, signal)
    } finally {
      stopHeartbeats()
    }
  }

  /** Null where the group began anew meanwhile: joined again at once. */
  async #join(member: GroupMember): Promise<number[] | null> {
    try {
      return await endedBy(this.#options.signal, member.join())
    } catch (error) {
      const code = codeOf(error)
      if (code === CODE.rebalanceInProgress || code === CODE.unknownMember || code === CODE.illegalGeneration)
        return null
      throw error
    }
  }

  async #positions(
    connection: KafkaConnection,
    member: GroupMember,
    view: TopicView,
    partitions: readonly number[],
  ): Promise<Map<number, bigint>> {
    const saved = await member.positions(partitions)
    const first = await listOffsets(connection, view, 'first')
    const positions = new Map<number, bigint>()
    for (const partition of partitions) {
      const position = saved.get(partition)
      // A position of a topic that had this name before says nothing here.
      positions.set(partition, position?.log === view.log ? position.offset : (first.get(partition) ?? 0n))
    }
    return positions
  }
}
