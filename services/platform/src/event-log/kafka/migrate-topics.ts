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
  const connection = client.connection()
  const { patience = PATIENCE_MS } = options
  try {
    await Promise.all([admin.connect(), connection.connect()])
    const made = await makeMissing(admin, connection, plans, options.replicationFactor)
    await untilLed(connection, plans, patience)
    await untilCoordinated(connection, patience)
    const kept = plans.filter(({ topic }) => !made.includes(topic))
    const differences = await differencesOf(admin, kept)
    const events = `${options.topicPrefix ?? ''}${EVENTS}`
    const essential = differences.filter(
      ({ topic, setting }) => setting === CLEANUP || (setting === PARTITIONS && topic === events),
    )
    if (essential.length > 0) throw topicsDiffer(essential)
    return { created: made, kept: kept.map(({ topic }) => topic), differences }
  } catch (error) {
    const failure = classified(refusal(error) ?? error, 'making topics')
    throw failure instanceof KafkaUnavailable ? unreachable(options.kafka.brokers, failure) : failure
  } finally {
    await Promise.all([admin.disconnect(), connection.disconnect()])
  }
}

/** @returns those that were made */
async function makeMissing(
  admin: Admin,
  connection: KafkaConnection,
  plans: readonly TopicPlan[],
  replicationFactor = -1,
): Promise<string[]> {
  const { topics } = await connection.send(null, metadataRequest(plans.map(({ topic }) => topic)))
  const shown = new Set(topics.filter(({ error }) => error === 0).map(({ name }) => name))
  const made: string[] = []
  for (const plan of plans) {
    if (await make(admin, plan, replicationFactor, shown.has(plan.topic))) made.push(plan.topic)
  }
  return made
}

/**
 * Asks for a topic in any case: the controller knows what there is, while a broker may show a topic for some moments after it was deleted.
 * Who may make none has to have those that are shown.
 * @returns whether it was made
 */
async function make(
  admin: Admin,
  { topic, partitions, settings }: TopicPlan,
  replicationFactor: number,
  isShown: boolean,
): Promise<boolean> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  try {
    return await admin.createTopics({
      // kafkajs's own waiting fails where a broker has not heard of the topic yet.
      waitForLeaders: false,
      topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }],
    })
  } catch (error) {
    if (isShown && DENIED.includes(codeOf(error) ?? 0)) return false
    throw error
  }
}

/** A topic that was just made is not known to all brokers at once, and has no leaders yet. */
async function untilLed(connection: KafkaConnection, plans: readonly TopicPlan[], patience: number): Promise<void> {
  const givingUp = AbortSignal.timeout(patience)
  for (;;) {
    const { topics } = await connection.send(null, metadataRequest(plans.map(({ topic }) => topic)))
    const led = topics.every(({ error, partitions }) => error === 0 && partitions.every(({ leader }) => leader >= 0))
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
