import type { Logger } from 'pino'
import { OperatorError } from '../../errors/operator-error.ts'
import { untilCoordinated } from './coordinators.ts'
import { classified, codeOf, DENIED, KafkaUnavailable, unreachable, wordsOf } from './failure.ts'
import { idle } from './fetch-loop.ts'
import { type Admin, createKafkaClient, type KafkaSettings, TOPIC_RESOURCE } from './kafkajs.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'
import { metadataRequest } from './requests.ts'
import { EVENTS, type TopicPlan, type TopicPlanOptions, topicPlans } from './topic-settings.ts'

export interface MigrateTopicsOptions extends TopicPlanOptions {
  kafka: KafkaSettings
  /** Copies of each partition; default: what the brokers are set to (`default.replication.factor`). */
  replicationFactor?: number
  /** Milliseconds that a cluster may take to do what it was asked; default 30 000. */
  patience?: number
  logger: Logger
}

/** A setting that a topic has and that is not ours. */
export interface TopicDifference {
  topic: string
  setting: string
  is: string
  planned: string
}

export interface MigratedTopics {
  created: string[]
  /** Were there already. */
  kept: string[]
  /** What an operator may have set on purpose, such as a longer retention: left as it is. */
  differences: TopicDifference[]
}

const PATIENCE_MS = 30_000
const PARTITIONS = 'partitions'
/** A topic that cleans up in another way than planned loses listings, or keeps events for ever. */
const CLEANUP = 'cleanup.policy'

/**
 * Makes the topics that are missing, and has Kafka make its own that services need. Those that are there are looked at and never changed;
 * done again, it changes nothing.
 * @throws OperatorError where a topic has another cleanup policy, or that of the events other partitions than configured, after the missing
 *   ones were made, and where Kafka has no coordinators
 */
export async function migrateTopics(options: MigrateTopicsOptions): Promise<MigratedTopics> {
  const client = createKafkaClient(options.kafka, options.logger)
  const admin = client.admin()
  const plans = topicPlans(options)
  const { patience = PATIENCE_MS } = options
  try {
    await admin.connect()
    const there = new Set(await admin.listTopics())
    const missing = plans.filter(({ topic }) => !there.has(topic))
    await createTopics(admin, missing, options.replicationFactor)
    await untilReady(
      client.connection(),
      plans.map(({ topic }) => topic),
      patience,
    )
    const kept = plans.filter(({ topic }) => there.has(topic))
    const differences = await differencesOf(admin, kept)
    const events = `${options.topicPrefix ?? ''}${EVENTS}`
    const essential = differences.filter(
      ({ topic, setting }) => setting === CLEANUP || (setting === PARTITIONS && topic === events),
    )
    if (essential.length > 0) throw topicsDiffer(essential)
    return { created: missing.map(({ topic }) => topic), kept: kept.map(({ topic }) => topic), differences }
  } catch (error) {
    const failure = classified(refusal(error) ?? error, 'making topics')
    throw failure instanceof KafkaUnavailable ? unreachable(options.kafka.brokers, failure) : failure
  } finally {
    await admin.disconnect()
  }
}

async function createTopics(admin: Admin, plans: readonly TopicPlan[], replicationFactor = -1): Promise<void> {
  if (plans.length === 0) return
  await admin.createTopics({
    // kafkajs's own waiting fails where a broker has not heard of the topic yet.
    waitForLeaders: false,
    topics: plans.map(({ topic, partitions, settings }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
    })),
  })
}

async function untilReady(connection: KafkaConnection, topics: readonly string[], patience: number): Promise<void> {
  try {
    await connection.connect()
    await untilLed(connection, topics, patience)
    await untilCoordinated(connection, patience)
  } finally {
    await connection.disconnect()
  }
}

/** A topic that was just made is not known to all brokers at once, and has no leaders yet. */
async function untilLed(connection: KafkaConnection, topics: readonly string[], patience: number): Promise<void> {
  const givingUp = AbortSignal.timeout(patience)
  for (;;) {
    const { topics: found } = await connection.send(null, metadataRequest(topics))
    const led = found.every(({ error, partitions }) => error === 0 && partitions.every(({ leader }) => leader >= 0))
    if (led) return
    if (givingUp.aborted) throw new KafkaUnavailable('the new topics have no leaders')
    await idle(50, givingUp)
  }
}

async function differencesOf(admin: Admin, plans: readonly TopicPlan[]): Promise<TopicDifference[]> {
  if (plans.length === 0) return []
  const { topics } = await admin.fetchTopicMetadata({ topics: plans.map(({ topic }) => topic) })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: plans.map(({ topic, settings }) => ({
      type: TOPIC_RESOURCE,
      name: topic,
      configNames: Object.keys(settings),
    })),
  })
  return plans.flatMap(({ topic, partitions, settings }) => {
    const found = new Map(
      resources
        .find(({ resourceName }) => resourceName === topic)
        ?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
    )
    found.set(PARTITIONS, String(topics.find(({ name }) => name === topic)?.partitions.length ?? 0))
    return Object.entries({ [PARTITIONS]: String(partitions), ...settings })
      .map(([setting, planned]) => ({ topic, setting, is: found.get(setting) ?? '', planned }))
      .filter(({ is, planned }) => is !== planned)
  })
}

/** What the cluster says to topics that it cannot or may not make: more copies than brokers, a policy of its own. */
function refusal(error: unknown): OperatorError | null {
  if (!(error instanceof Error) || error.name !== 'KafkaJSAggregateError') return null
  const [first] = (error as Error & { errors: (Error | string)[] }).errors
  if (first === undefined || DENIED.includes(codeOf(first) ?? 0)) return null
  return new OperatorError({
    code: 'TLSREP_KAFKA_TOPIC_REFUSED',
    message: `Kafka does not make the topics: ${wordsOf(first)}`,
    where: 'tlsrep migrate',
    remedy:
      'ask for no more copies than there are brokers (kafka.replication_factor), and see what policy the cluster has for topics',
    cause: error,
  })
}

function topicsDiffer(differences: readonly TopicDifference[]): OperatorError {
  const words = differences.map(
    ({ topic, setting, is, planned }) => `${topic}: ${setting} is ${is}, planned is ${planned}`,
  )
  return new OperatorError({
    code: 'TLSREP_KAFKA_TOPIC_DIFFERS',
    message: `Kafka has topics that tlsrep cannot work with: ${words.join('; ')}`,
    where: [...new Set(differences.map(({ topic }) => topic))].join(', '),
    remedy:
      'set kafka.partitions to what tls.negotiations has, give them the cleanup policy that is planned, or use another topic prefix',
  })
}
