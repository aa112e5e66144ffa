import { Kafka, logLevel } from 'kafkajs'

const READY_MS = 90_000

/** Resolves when the broker answers with metadata and names a controller. */
export async function untilAnswering(brokers: string[], timeout = READY_MS): Promise<void> {
  const deadline = Date.now() + timeout
  for (;;) {
    try {
      await withAdmin(brokers, async (admin) => {
        const { controller } = await admin.describeCluster()
        if (controller === null) throw new Error('the cluster has no controller yet')
      })
      return
    } catch (error) {
      if (Date.now() > deadline) throw new Error('the broker does not answer', { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** An admin client for one piece of work. */
export async function withAdmin<T>(
  brokers: string[],
  work: (admin: ReturnType<Kafka['admin']>) => Promise<T>,
): Promise<T> {
  const admin = new Kafka({
    clientId: 'test-admin',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 500 },
  }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Makes topics and waits until they have leaders. */
export async function createTopics(
  brokers: string[],
  topics: readonly { topic: string; partitions: number; settings?: Readonly<Record<string, string>> }[],
): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({
      waitForLeaders: false,
      topics: topics.map(({ topic, partitions, settings }) => ({
        topic,
        numPartitions: partitions,
        configEntries: Object.entries(settings ?? {}).map(([name, value]) => ({ name, value })),
      })),
    })
    for (;;) {
      const known = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) }).catch(() => null)
      if (known?.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
}
