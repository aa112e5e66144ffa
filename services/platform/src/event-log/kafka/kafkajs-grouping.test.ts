import './kafkajs-grouping.ts'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'

const require = createRequire(import.meta.url)

interface Sent {
  partition: number
  messages: readonly string[]
}

const nothing = (): void => {}

/** Sends as a producer of kafkajs does, to a broker that keeps what it is sent. */
async function send(messages: readonly string[]): Promise<Sent[]> {
  const createSendMessages = require('kafkajs/src/producer/sendMessages.js') as (
    options: object,
  ) => (send: object) => Promise<unknown>
  const sent: Sent[] = []
  const produce = async ({ topicData }: { topicData: readonly { partitions: readonly Sent[] }[] }) => {
    sent.push(...topicData.flatMap(({ partitions }) => partitions))
    return { topics: [] }
  }
  const sendMessages = createSendMessages({
    logger: {},
    cluster: {
      refreshMetadataIfNecessary: nothing,
      addMultipleTargetTopics: nothing,
      findTopicPartitionMetadata: () => [{}, {}, {}],
      findLeaderForPartitions: () => ({ 1: [0, 1, 2] }),
      findBroker: async () => ({ nodeId: 1, produce }),
    },
    eosManager: {
      isTransactional: () => false,
      getSequence: () => 0,
      updateSequence: nothing,
      getProducerId: nothing,
      getProducerEpoch: nothing,
      acquireBrokerLock: nothing,
      releaseBrokerLock: nothing,
    },
    partitioner: ({ message }: { message: string }) => Number(message) % 3,
    retrier: (work: (bail: () => void, count: number, time: number) => Promise<unknown>) => work(nothing, 0, 0),
  })
  await sendMessages({ acks: -1, timeout: 1, compression: 0, topicMessages: [{ topic: 't', messages }] })
  return sent
}

/** Times that an array of more than 100 items was gone through from its beginning while this was under way. */
async function longIterations(work: () => Promise<unknown>): Promise<number> {
  const iterator = Array.prototype[Symbol.iterator]
  let count = 0
  Array.prototype[Symbol.iterator] = function counted<T>(this: T[]) {
    if (this.length > 100) count++
    return iterator.call(this)
  }
  try {
    await work()
  } finally {
    Array.prototype[Symbol.iterator] = iterator
  }
  return count
}

test('kafkajs groups messages by partition, in their order, and does not copy the list for each of them', async () => {
  const messages = Array.from({ length: 3000 }, (_, index) => String(index))
  let sent: Sent[] = []
  const iterations = await longIterations(async () => {
    sent = await send(messages)
  })
  expect(
    sent.map(({ partition, messages: [first, second], messages: { length } }) => [partition, length, first, second]),
  ).toEqual([
    [0, 1000, '0', '3'],
    [1, 1000, '1', '4'],
    [2, 1000, '2', '5'],
  ])
  expect(iterations).toBeLessThan(50)
})
