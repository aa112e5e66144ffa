import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import { migrateTopics } from '@tlsrep/platform/event-log/kafka/migrate-topics'
import type { KafkaBroker } from './kafka.ts'
import { openLog, quiet } from './records.ts'

/** Topics of its own for each test, on the one broker of a suite. */
export class TopicSets {
  readonly #broker: () => KafkaBroker
  readonly #open: KafkaEventLog[] = []
  #sets = 0
  prefix = ''

  constructor(broker: () => KafkaBroker) {
    this.#broker = broker
  }

  async fresh(partitions = 2): Promise<void> {
    this.prefix = `t${++this.#sets}.`
    await this.migrate(partitions)
  }

  async migrate(partitions = 2): Promise<void> {
    const kafka = { brokers: this.#broker().brokers, clientId: 'test' }
    await migrateTopics({ kafka, topicPrefix: this.prefix, partitions, logger: quiet })
  }

  /** A log of the newest topics; closed after the test. */
  async open(options: Parameters<typeof openLog>[1] = {}): Promise<KafkaEventLog> {
    const log = await openLog(this.#broker().brokers, { topicPrefix: this.prefix, ...options })
    this.#open.push(log)
    return log
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((log) => log.close()))
  }
}
