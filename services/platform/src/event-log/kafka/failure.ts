import { OperatorError } from '../../errors/operator-error.ts'

/**
 * Kafka cannot take or give records now: not reachable, starting, without a leader, too slow. What became of an append is not known;
 * the same one may be made again.
 */
export class KafkaUnavailable extends Error {
  override readonly name = 'KafkaUnavailable'
}

/** An error code that a broker answered one of our own requests with. */
export class KafkaCodeError extends Error {
  override readonly name = 'KafkaCodeError'
  readonly kafkaCode: number

  constructor(kafkaCode: number, what: string) {
    super(`${what}: Kafka answers with error ${kafkaCode}`)
    this.kafkaCode = kafkaCode
  }
}

/** Error codes of the Kafka protocol guide, "Error Codes". */
export const CODE = {
  offsetOutOfRange: 1,
  unknownTopic: 3,
  messageTooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  recordListTooLarge: 18,
  illegalGeneration: 22,
  unknownMember: 25,
  rebalanceInProgress: 27,
  topicAuthorization: 29,
  groupAuthorization: 30,
  clusterAuthorization: 31,
  unsupportedVersion: 35,
  invalidProducerEpoch: 47,
  transactionalIdAuthorization: 53,
  saslAuthentication: 58,
  producerFenced: 90,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const

export const DENIED: readonly number[] = [
  CODE.topicAuthorization,
  CODE.groupAuthorization,
  CODE.clusterAuthorization,
  CODE.transactionalIdAuthorization,
  CODE.saslAuthentication,
]

/** Kafka's error code behind an error, through kafkajs's wrappings; undefined where there is none, e.g. for a lost connection. */
export function codeOf(error: unknown): number | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof KafkaCodeError) return at.kafkaCode
    // kafkajs has no entry for codes above 88, and keeps the number in the text only.
    const unlisted = /^Unknown error code (\d+)$/.exec(at.message)
    if (unlisted !== null) return Number(unlisted[1])
    if (at.name === 'KafkaJSSASLAuthenticationError') return CODE.saslAuthentication
    if ('code' in at && typeof at.code === 'number' && at.name.startsWith('KafkaJS')) return at.code
    if ('errors' in at && Array.isArray(at.errors)) return codeOf(at.errors[0])
  }
  return undefined
}

/** Whether a producer of the same transactional id has begun after this one. */
export function isFenced(error: unknown): boolean {
  const code = codeOf(error)
  return code === CODE.invalidProducerEpoch || code === CODE.producerFenced
}

export function isTooLarge(error: unknown): boolean {
  const code = codeOf(error)
  return code === CODE.messageTooLarge || code === CODE.recordListTooLarge
}

/** A fault of this program, not of Kafka. */
export function isBug(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error instanceof SyntaxError
  )
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * What a failed call of Kafka's is: something that the operator can mend, a fault of ours, or an outage.
 * @param where what was being done to what
 */
export function classified(error: unknown, where: string): Error {
  if (error instanceof OperatorError || error instanceof KafkaUnavailable) return error
  if (isBug(error)) return error as Error
  const code = codeOf(error)
  if (code !== undefined && DENIED.includes(code)) return denied(error, where)
  if (isTooLarge(error)) return tooLarge(error, where)
  if (code === CODE.unsupportedVersion) return tooOld(error, where)
  return new KafkaUnavailable(`${where}: ${wordsOf(error)}`, { cause: error })
}

function denied(cause: unknown, where: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_DENIED',
    message: `Kafka does not let tlsrep in: ${wordsOf(cause)}`,
    where,
    remedy: 'check the user and its password, and give it the rights that docs/kafka.md lists',
    cause,
  })
}

function tooLarge(cause: unknown, where: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_RECORD_TOO_LARGE',
    message: `Kafka refuses a batch for its size: ${wordsOf(cause)}`,
    where,
    remedy: 'set max.message.bytes of the topic back to 1048588 or more',
    cause,
  })
}

export function tooOld(cause: unknown, where: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_TOO_OLD',
    message: `the Kafka broker is too old: ${wordsOf(cause)}`,
    where,
    remedy: 'run Kafka 3.1 or newer',
    cause,
  })
}

export function unreachable(brokers: readonly string[], cause: unknown): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_UNREACHABLE',
    message: `Kafka cannot be reached: ${wordsOf(cause)}`,
    where: brokers.join(', '),
    remedy: 'see whether the brokers run, and whether their advertised.listeners can be reached from here',
    cause,
  })
}

export function isDenied(error: unknown): boolean {
  return error instanceof OperatorError && error.code === 'TLSREP_KAFKA_DENIED'
}

export function isTopicMissing(error: Error): boolean {
  return error instanceof OperatorError && error.code === 'TLSREP_KAFKA_TOPIC_MISSING'
}

export function topicMissing(topic: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_TOPIC_MISSING',
    message: `Kafka has no topic ${topic}`,
    where: topic,
    remedy: 'run tlsrep migrate',
  })
}

export function topicRecreated(topic: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_TOPIC_RECREATED',
    message: `the topic ${topic} was deleted and made again while it was read`,
    where: topic,
    remedy: 'start this service again: it reads the new topic from its beginning',
  })
}

export function collectorFenced(name: string, cause: unknown): OperatorError {
  return new OperatorError({
    code: 'TLSREP_COLLECTOR_FENCED',
    message: `another collector has started under the name ${name}; this one may write no more`,
    where: `collector ${name}`,
    remedy: 'give each collector a name of its own (collector.name), or stop one of the two',
    cause,
  })
}

/** @param waited milliseconds */
export function transactionHangs(topic: string, partition: number, offset: bigint, waited: number): OperatorError {
  const seconds = Math.round(waited / 1000)
  return new OperatorError({
    code: 'TLSREP_KAFKA_TRANSACTION_HANGS',
    message: `a transaction has been open for ${seconds} s, and nothing behind it can be read`,
    where: `${topic}, partition ${partition}, offset ${offset}`,
    remedy:
      'run tlsrep migrate: it ends transactions that nobody else would end, so that nothing is lost and nothing counted twice',
  })
}

export function rangeGone(where: string, why: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_RANGE_GONE',
    message: `records that have to be read again are gone: ${why}`,
    where,
    remedy:
      'keep the records longer than a service may be away (retention.ms of the topic); see the page for what was lost',
  })
}
