import { OperatorError } from '../../errors/operator-error.ts'
import { CODE, classified, codeOf, DENIED, KafkaCodeError } from './failure.ts'
import { idle } from './fetch-loop.ts'
import type { KafkaConnection } from './kafkajs-connection.ts'

/** The keeper of a consumer group, or of a collector's transactions. By the numbers of the protocol. */
const KINDS = { group: 0, transaction: 1 } as const
type CoordinatorKind = keyof typeof KINDS

/** Where each is kept: the settings of brokers that say how often. */
const SETTINGS: Readonly<Record<CoordinatorKind, string>> = {
  group: 'offsets.topic.replication.factor',
  transaction: 'transaction.state.log.replication.factor',
}
/** Nobody's group and nobody's transactional id: it is only asked who would keep it. */
const NAME = 'tlsrep-migrate'
const AGAIN_MS = 50
/** What a broker says while it makes the topic, and for ever where it cannot make it. */
const NOT_YET: readonly number[] = [CODE.coordinatorLoading, CODE.coordinatorNotAvailable]

/**
 * Asks for a coordinator of each kind until there is one. Kafka makes the topics that they keep their state in when it is first asked, which
 * takes a second; and where it cannot make them, a collector or scorer would find no coordinator and wait for ever. A cluster that does not
 * let this user ask is taken at its word.
 * @param patience milliseconds
 * @throws OperatorError where there is none in that time
 */
export async function untilCoordinated(connection: Pick<KafkaConnection, 'broker'>, patience: number): Promise<void> {
  const givingUp = AbortSignal.timeout(patience)
  for (const kind of Object.keys(KINDS) as CoordinatorKind[]) {
    for (;;) {
      const error = await askFor(kind, connection)
      if (error === 0 || DENIED.includes(error)) break
      if (!NOT_YET.includes(error)) throw classified(new KafkaCodeError(error, 'FindCoordinator'), `a ${kind}`)
      if (givingUp.aborted) throw noCoordinator(kind)
      await idle(AGAIN_MS, givingUp)
    }
  }
}

/** @returns Kafka's error code, 0 where there is a coordinator */
async function askFor(kind: CoordinatorKind, connection: Pick<KafkaConnection, 'broker'>): Promise<number> {
  const broker = await connection.broker(null)
  try {
    await broker.findGroupCoordinator({ groupId: NAME, coordinatorType: KINDS[kind] })
    return 0
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    return code
  }
}

function noCoordinator(kind: CoordinatorKind): OperatorError {
  return new OperatorError({
    code: 'TLSREP_KAFKA_NO_COORDINATOR',
    message: `Kafka has no coordinator for a ${kind}: it cannot make the topic that keeps it, or that topic is away`,
    where: SETTINGS[kind],
    remedy: `set ${SETTINGS[kind]} of the brokers to no more than there are brokers, and see that all of them run`,
  })
}
