import './kafkajs-grouping.ts'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import kafkajs, { type logLevel } from 'kafkajs'
import type { Logger } from 'pino'
import { type Codec, encodeProduce, type Produce } from './produce-request.ts'

/**
 * What is wrong with kafkajs (2.2.4, its last release), and the cures. Each names what goes wrong without it, and the test in
 * test/integration that fails then. Beside this file only `kafkajs.ts` (clients) and `kafkajs-connection.ts` (requests) touch kafkajs.
 *
 * 1. Timer. `RequestQueue.scheduleCheckPendingRequests` arms a timer of `-1 - Date.now()` ms, which is 1 ms, again and again, on every
 *    idle connection: 2 % of a core, and a TimeoutNegativeWarning from Node 24 on. kafkajs #1556, #1704, #1751; #1755 and #1768 unmerged.
 *    `cureTimer`. kafka-cures: arms no timers on an idle connection.
 * 2. Records. Each gets a zeroed buffer of 512 bytes of its own, and several smaller ones: most of what a collector cost, and garbage that
 *    does not show in the heap. And only gzip is built in; Node has had zstd in zlib since 22.15. `encodeRecordsTogether`. kafka-cures:
 *    stores zstd with the broker.
 * 3. Transactions wait 300 ms. Just after a commit the coordinator answers CONCURRENT_TRANSACTIONS, and the default back-off begins at
 *    300 ms. `TRANSACTION_RETRY`. kafka-cures: waits a few milliseconds for the transaction before.
 * 4. A producer whose transaction failed is stuck in its state machine ("Cannot call beginTransaction"); one whose send failed has given
 *    its sequence numbers back, and the next send under the same numbers is taken for a repetition and dropped. So no producer is used
 *    again after a failure: see `transactional-writer.ts` and `idempotent-writer.ts`. kafka-append: those whose commit or send was not
 *    answered.
 * 5. Groups. The Runner of its consumer stalls for good where a handler fails, gives partitions away before the batch in hand is done,
 *    and never shows a batch of control records. So only its requests are used here; the loop is `group-subscription.ts`.
 *    kafka-group: a batch whose handler rejects; that comes while a batch is in hand; where only ends of transactions follow.
 * 6. `transactionTimeout` is a minute by default: so long does a collector that was killed hold up all readers. `TRANSACTION_TIMEOUT_MS`.
 *    kafka-cures: a transaction that a killed collector left open.
 * 7. Each CONCURRENT_TRANSACTIONS and each try to reconnect is logged as an error. `logThrough` gives them a level of their own.
 *    kafka-cures: says nothing above debug.
 * 8. Several requests that find their connection lost each open a new one: all but the last of the sockets stay open and unused, and
 *    requests are written to one that is still connecting. `shareConnecting`. kafka-append: open one new one together.
 * 9. Each try to reach a broker that is away calls `unref` on the last connection's dead socket, which leaves a listener there each time:
 *    a MaxListenersExceededWarning, and memory in a long outage. `dropDeadSocket`. kafka-outage: has left no warning of a leak.
 * 10. Each connection looks every 100 ms whether a request has taken too long: a scorer, which has a dozen connections, wakes more than a
 *    hundred times a second for it. `shareTimeoutChecks`. kafka-cures: looks after all connections together.
 * 11. What came of an answer before its connection was lost stays, and is taken for the beginning of the first answer on the next one:
 *    `forgetHalfAnswer`. kafkajs-cures.test.ts, beside this file.
 * 12. The list of a partition is copied for each message of a send: `kafkajs-grouping.ts`, with its test beside it.
 *
 * A habit to live with: kafkajs reads its retry defaults from NODE_ENV (everything is given here).
 */

/** Milliseconds after which a broker ends a transaction that nobody goes on with. */
export const TRANSACTION_TIMEOUT_MS = 10_000
/** Cure 3: the median of a small transaction falls from 280 to 12 ms. 50 tries last some nine seconds. */
export const TRANSACTION_RETRY = { initialRetryTime: 5, maxRetryTime: 200, factor: 0.2, multiplier: 1.5, retries: 50 }
const PRODUCE = 0
const FIRST_WITH_BATCHES = 3
/** Request timeouts are many seconds. */
const TIMEOUT_CHECK_MS = 1000
const LENGTH_BYTES = 4

const require = createRequire(import.meta.url)
interface RequestQueue {
  pending: readonly unknown[]
  throttledUntil: number
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
  readonly inflight: ReadonlyMap<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>
  destroy(): void
}
interface NetworkConnection {
  socket: Socket | null
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
}
interface ProduceOptions {
  acks: number
  timeout: number
  transactionalId?: string | null
  /** Written as a number: kafkajs has a class of its own for it. */
  producerId: object
  producerEpoch: number
  compression: Codec
  topicData: Produce['topics']
}
type ProduceDefinition = (options: ProduceOptions) => { request: object; response: object }
const EncoderClass = require('kafkajs/src/protocol/encoder.js') as new (size: number) => object
const produceRequests = require('kafkajs/src/protocol/requests/produce/index.js') as {
  protocol(of: { version: number }): ProduceDefinition
}
const ConnectionClass = require('kafkajs/src/network/connection.js') as { prototype: NetworkConnection }
const RequestQueueClass = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }

cureTimer()
encodeRecordsTogether()
forgetHalfAnswer()
shareConnecting()
dropDeadSocket()
shareTimeoutChecks()

/** Cure 1. Nothing is pending and nothing throttled: there is nothing to look after. */
function cureTimer(): void {
  const { prototype } = RequestQueueClass
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleOnlyWhatWaits(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}

/** Cure 2. */
function encodeRecordsTogether(): void {
  const { protocol } = produceRequests
  produceRequests.protocol = ({ version }) => {
    const definition = protocol({ version })
    if (version < FIRST_WITH_BATCHES) return definition
    return (options) => ({
      ...definition(options),
      request: {
        apiKey: PRODUCE,
        apiVersion: version,
        apiName: 'Produce',
        expectResponse: () => options.acks !== 0,
        encode: async () => encoded(encodeProduce(produceOf(options), Date.now())),
      },
    })
  }
}

function produceOf({
  acks,
  timeout,
  transactionalId,
  producerId,
  producerEpoch,
  compression,
  topicData,
}: ProduceOptions): Produce {
  return {
    acks,
    timeout,
    transactionalId: transactionalId ?? null,
    codec: compression,
    producerId: BigInt(String(producerId)),
    producerEpoch,
    topics: topicData,
  }
}

/** What kafkajs sends: bytes that are encoded already. */
export function encoded(bytes: Buffer): object {
  return Object.assign(new EncoderClass(0), { buf: bytes, offset: bytes.length })
}

/** Cure 8. */
function shareConnecting(): void {
  const { prototype } = ConnectionClass
  const connect = prototype.connect
  const underWay = new WeakMap<NetworkConnection, Promise<unknown>>()
  prototype.connect = function connectOnce(this: NetworkConnection): Promise<unknown> {
    const known = underWay.get(this)
    if (known !== undefined) return known
    const connecting = connect.call(this).finally(() => underWay.delete(this))
    underWay.set(this, connecting)
    return connecting
  }
}

/** Cure 9. */
function dropDeadSocket(): void {
  const { prototype } = ConnectionClass
  const disconnect = prototype.disconnect
  prototype.disconnect = function disconnectOnce(this: NetworkConnection): Promise<unknown> {
    // kafkajs looks whether there is a socket at all.
    if (this.socket?.destroyed === true) this.socket = null
    return disconnect.call(this)
  }
}

/** Cure 10. */
function shareTimeoutChecks(): void {
  const { prototype } = RequestQueueClass
  const destroy = prototype.destroy
  const connected = new Set<RequestQueue>()
  let timer: NodeJS.Timeout | undefined
  const check = (): void => {
    const now = Date.now()
    for (const { inflight } of connected) {
      for (const request of inflight.values()) {
        if (now - request.sentAt > request.requestTimeout) request.timeoutRequest()
      }
    }
  }
  prototype.scheduleRequestTimeoutCheck = function checkWithTheOthers(this: RequestQueue): void {
    connected.add(this)
    timer ??= setInterval(check, TIMEOUT_CHECK_MS).unref()
  }
  prototype.destroy = function destroyUnchecked(this: RequestQueue): void {
    connected.delete(this)
    if (connected.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
    destroy.call(this)
  }
}

/** Cure 11. */
function forgetHalfAnswer(): void {
  const { prototype } = ConnectionClass
  const connect = prototype.connect
  prototype.connect = function connectEmpty(this: NetworkConnection): Promise<unknown> {
    if (!this.isConnected()) {
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = LENGTH_BYTES
    }
    return connect.call(this)
  }
}

/** Cure 7. What is an error for us is told by those who asked; of kafkajs's own words the loud ones are warnings at most. */
export function logThrough(
  logger: Logger,
): (entry: { level: logLevel; namespace: string; log: { message: string } }) => void {
  return ({ level, namespace, log: { message } }) => {
    const facts = { kafkajs: namespace }
    const routine =
      /CONCURRENT_TRANSACTIONS|another transaction|Response (Heartbeat|JoinGroup|SyncGroup|OffsetCommit|Fetch)/i
    if (level === kafkajs.logLevel.ERROR && !routine.test(message)) logger.debug(facts, message)
    else if (level === kafkajs.logLevel.WARN) logger.debug(facts, message)
    else logger.trace(facts, message)
  }
}
