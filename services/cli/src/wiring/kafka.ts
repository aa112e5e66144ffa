import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { Config } from '@tlsrep/platform/config/config'
import { readSecret } from '@tlsrep/platform/config/secret-file'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { type EndedTransaction, endHangingTransactions } from '@tlsrep/platform/event-log/kafka/hanging-transactions'
import { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import type { KafkaSettings } from '@tlsrep/platform/event-log/kafka/kafkajs'
import { type MigratedTopics, migrateTopics } from '@tlsrep/platform/event-log/kafka/migrate-topics'
import { SchemaRegistry } from '@tlsrep/platform/event-log/schema-registry'
import type { Logger } from 'pino'

export type KafkaConfig = NonNullable<Config['kafka']>

/** @throws OperatorError where the configuration has no Kafka: the services cannot talk to each other without it */
export function kafkaOf(config: Config): KafkaConfig {
  if (config.kafka !== undefined) return config.kafka
  throw new OperatorError({
    code: 'TLSREP_KAFKA_NOT_CONFIGURED',
    message: 'a service that runs by itself needs Kafka, and the configuration names none',
    where: 'kafka',
    remedy: 'Write the section kafka with its brokers, or run everything in one process: tlsrep start.',
  })
}

/** @throws where a file that the section names cannot be read */
export function kafkaSettings({ brokers, client_id, compression, tls, sasl }: KafkaConfig): KafkaSettings {
  return {
    brokers,
    clientId: client_id,
    compression,
    ...(tls && { ssl: tlsOptions(tls) }),
    ...(sasl && {
      sasl: { mechanism: sasl.mechanism, username: sasl.username, password: readSecret(sasl.password_file) },
    }),
  }
}

function schemaRegistry(registry: NonNullable<KafkaConfig['schema_registry']>, now: () => number): SchemaRegistry {
  const { url, username, password_file, tls } = registry
  const user = username ?? ''
  const password = password_file === undefined ? '' : readSecret(password_file)
  return new SchemaRegistry({
    url,
    credentials: username === undefined && password_file === undefined ? null : { user, password },
    ...(tls && { tls: tlsOptions(tls) }),
    now,
  })
}

type CertificateFiles = NonNullable<KafkaConfig['tls']>

function tlsOptions({ ca, cert, key }: CertificateFiles): Pick<ConnectionOptions, keyof CertificateFiles> {
  return {
    ...(ca !== undefined && { ca: [readFileSync(ca, 'utf8')] }),
    ...(cert !== undefined && { cert: readFileSync(cert, 'utf8') }),
    ...(key !== undefined && { key: readFileSync(key, 'utf8') }),
  }
}

/** @param transactionalId the collector's configured name; null for services that write no checkpoints */
export function openKafka(
  config: Config,
  transactionalId: string | null,
  logger: Logger,
  now: () => number,
): Promise<KafkaEventLog> {
  const kafka = kafkaOf(config)
  return KafkaEventLog.open({
    kafka: kafkaSettings(kafka),
    transactionalId,
    topicPrefix: kafka.topic_prefix,
    ...(kafka.schema_registry && { registry: schemaRegistry(kafka.schema_registry, now) }),
    now,
    logger: logger.child({ component: 'event_log' }),
  })
}

const DAY_MS = 86_400_000

export interface PreparedTopics extends MigratedTopics {
  /** Transactions that nobody else would have ended; null where the cluster does not let this user look for them. */
  ended: EndedTransaction[] | null
}

/**
 * Makes the topics that are missing, and ends transactions that hang in those that are there. Settings are left as they are, and
 * differences told.
 */
export async function prepareTopics(config: KafkaConfig, now: () => number, logger: Logger): Promise<PreparedTopics> {
  const shared = { kafka: kafkaSettings(config), topicPrefix: config.topic_prefix, logger }
  const migrated = await migrateTopics({
    ...shared,
    partitions: config.partitions,
    replicationFactor: config.replication_factor,
    negotiationsRetentionDays: config.retention / DAY_MS,
  })
  return { ...migrated, ended: await endHangingTransactions({ ...shared, now }) }
}
