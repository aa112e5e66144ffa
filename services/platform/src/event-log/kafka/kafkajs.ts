import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, {
  type Admin,
  type Broker,
  type Cluster,
  type CompressionTypes,
  type Kafka,
  type logLevel,
  type Producer,
  type SASLOptions,
} from 'kafkajs'
import type { Logger } from 'pino'
import { within } from './attempts.ts'
import { KafkaUnavailable, tooOld } from './failure.ts'
import { partitionOfKey } from './murmur2.ts'
import type { WireRequest } from './requests.ts'

/**
 * The only file that touches kafkajs (2.2.4, its last release). Each cure names what goes wrong without it.
 *
 * 1. Timer. `RequestQueue.scheduleCheckPendingRequests` arms a timer of `-1 - Date.now()` ms, which is 1 ms, again and again, on every
 *    idle connection: 2 % of a core, and a TimeoutNegativeWarning from Node 24 on. kafkajs #1556, #1704, #1751; #1755 and #1768 unmerged.
 *    `cureTimer`.
 * 2. zstd. Only gzip is built in; Node has had zstd in zlib since 22.15. `addZstd`.
 * 3. Transactions wait 300 ms. Just after a commit the coordinator answers CONCURRENT_TRANSACTIONS, and the default back-off begins at
 *    300 ms. `TRANSACTION_RETRY`.
 * 4. A producer whose transaction failed is stuck in its state machine ("Cannot call beginTransaction"); one whose send failed has given
 *    its sequence numbers back, and the next send under the same numbers is taken for a repetition and dropped. So no producer is used
 *    again after a failure: see `transactional-writer.ts` and `idempotent-writer.ts`.
 * 5. Groups. The Runner of its consumer stalls for good where a handler fails, gives partitions away before the batch in hand is done,
 *    and never shows a batch of control records. So only its requests are used here; the loop is `group-subscription.ts`.
 * 6. `transactionTimeout` is a minute by default: so long does a collector that was killed hold up all readers. `TRANSACTION_TIMEOUT_MS`.
 * 7. Each CONCURRENT_TRANSACTIONS and each try to reconnect is logged as an error. `logCreator` gives them a level of their own.
 *
 * 8. Several requests that find their connection lost each open a new one: all but the last of the sockets stay open and unused, and
 *    requests are written to one that is still connecting. `shareConnecting`.
 * 9. Each try to reach a broker that is away calls `unref` on the last connection's dead socket, which leaves a listener there each time:
 *    a MaxListenersExceededWarning, and memory in a long outage. `dropDeadSocket`.
 *
 * Two habits to live with: `groupMessagesPerPartition` copies a partition's list for each message (keep sends small), and kafkajs reads
 * its retry defaults from NODE_ENV (everything is given here).
 */

export interface KafkaSettings {
  /** `host:port` of some brokers; the others are learned from them. */
  brokers: readonly string[]
  clientId: string
  ssl?: ConnectionOptions | boolean
  sasl?: SASLOptions
  /** Default `zstd`. */
  compression?: Compression
  /** Milliseconds; default 3000. */
  connectionTimeout?: number
  /** Milliseconds that a broker may take to answer; default 15 000. */
  requestTimeout?: number
}

export type Compression = 'none' | 'gzip' | 'zstd'

/** Milliseconds after which a broker ends a transaction that nobody goes on with. */
export const TRANSACTION_TIMEOUT_MS = 10_000
/** Cure 3: the median of a small transaction falls from 280 to 12 ms. 50 tries last some nine seconds. */
const TRANSACTION_RETRY = { initialRetryTime: 5, maxRetryTime: 200, factor: 0.2, multiplier: 1.5, retries: 50 }
/** Of what lies below a request: few, because those above try again, and because each try of a send waits for all of these. */
const RETRY = { initialRetryTime: 50, maxRetryTime: 200, factor: 0.2, multiplier: 2, retries: 3 }
/** For administration, with nothing above it. At least 8: the internal topics are only made when they are first asked for. */
const ADMIN_RETRY = { initialRetryTime: 100, maxRetryTime: 1000, factor: 0.2, multiplier: 2, retries: 8 }
const ZSTD_LEVEL = 1
const NO_CONSUMER_RUNS = 'tlsrep-requests'

const require = createRequire(import.meta.url)
interface RequestQueue {
  pending: readonly unknown[]
  throttledUntil: number
  scheduleCheckPendingRequests(): void
}
interface WireEncoder {
  writeBufferInternal(bytes: Buffer): void
}
interface NetworkConnection {
  socket: Socket | null
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
}
const ConnectionClass = require('kafkajs/src/network/connection.js') as { prototype: NetworkConnection }
const RequestQueueClass = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }
const EncoderClass = require('kafkajs/src/protocol/encoder.js') as new () => WireEncoder

cureTimer()
addZstd()
shareConnecting()
dropDeadSocket()

/** Cure 1. Nothing is pending and nothing throttled: there is nothing to look after. */
function cureTimer(): void {
  const { prototype } = RequestQueueClass
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleOnlyWhatWaits(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}

/** Cure 2. */
function addZstd(): void {
  const compress = promisify(zstdCompress)
  const decompress = promisify(zstdDecompress)
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => compress(buffer, { params }),
    decompress: (bytes: Buffer) => decompress(bytes),
  })
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

/** What kafkajs has on a broker beyond its types; the versions are those that brokers 3.1 to 4.4 know. */
export interface GroupBroker extends Broker {
  nodeId: number
  syncGroup(request: object): Promise<{ memberAssignment: Buffer }>
  heartbeat(request: object): Promise<unknown>
  leaveGroup(request: object): Promise<unknown>
  listOffsets(request: object): Promise<{
    responses: { topic: string; partitions: { partition: number; offset: string }[] }[]
  }>
}
interface RawBroker {
  versions?: Readonly<Record<number, { maxVersion: number }>>
  connectionPool: { send(request: object): Promise<unknown> }
  disconnect(): Promise<void>
}

/** A producer that can be given up: once ended, nothing that it still repeats goes out any more. */
export interface OneProducer {
  readonly producer: Producer
  end(): Promise<void>
}

export const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol
export const TOPIC_RESOURCE = kafkajs.ConfigResourceTypes.TOPIC
export type { Admin, Producer }

export interface KafkaClient {
  readonly settings: KafkaSettings
  readonly codec: CompressionTypes
  /** Each has connections of its own. */
  connection(): KafkaConnection
  transactionalProducer(transactionalId: string, transactionTimeout?: number): OneProducer
  idempotentProducer(): OneProducer
  admin(): Admin
}

const CODECS = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  zstd: kafkajs.CompressionTypes.ZSTD,
} as const

export function createKafkaClient(settings: KafkaSettings, logger: Logger): KafkaClient {
  const { ssl, sasl, brokers, clientId } = settings
  const kafka = new kafkajs.Kafka({
    clientId,
    brokers: [...brokers],
    ...(ssl === undefined ? {} : { ssl }),
    // A copy: kafkajs writes an authenticator into it, which would go on with the old password in whatever is made of it.
    ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    connectionTimeout: settings.connectionTimeout ?? 3000,
    requestTimeout: settings.requestTimeout ?? 15_000,
    retry: RETRY,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => logThrough(logger),
  })
  const shared = { allowAutoTopicCreation: false, maxInFlightRequests: 1, retry: TRANSACTION_RETRY }
  return {
    settings,
    codec: CODECS[settings.compression ?? 'zstd'],
    connection: () => new KafkaConnection(clusterOf(kafka)),
    transactionalProducer: (transactionalId, transactionTimeout = TRANSACTION_TIMEOUT_MS) =>
      oneProducer((createPartitioner) =>
        kafka.producer({ ...shared, transactionalId, transactionTimeout, createPartitioner }),
      ),
    idempotentProducer: () =>
      oneProducer((createPartitioner) => kafka.producer({ ...shared, idempotent: true, createPartitioner })),
    admin: () => kafka.admin({ retry: ADMIN_RETRY }),
  }
}

/** The public way to a cluster object: a partition assigner is given one. The consumer itself is never run. */
function clusterOf(kafka: Kafka): Cluster {
  const found: Cluster[] = []
  kafka.consumer({
    groupId: NO_CONSUMER_RUNS,
    allowAutoTopicCreation: false,
    retry: RETRY,
    partitionAssigners: [
      ({ cluster }) => {
        found.push(cluster)
        return {
          name: '',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: '', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  const [cluster] = found
  if (cluster === undefined) throw new Error('kafkajs has handed out no cluster')
  return cluster
}

type Partitioner = (args: { partitionMetadata: readonly unknown[]; message: { key?: unknown } }) => number

/**
 * A producer with the partitions that Kafka's own clients choose; records without a key go round. kafkajs goes on repeating a send of a
 * producer that was disconnected, and could put an old record behind a newer one; but it asks for the partitions each time, and gets an
 * error then.
 */
function oneProducer(create: (createPartitioner: () => Partitioner) => Producer): OneProducer {
  let ended = false
  let next = 0
  const partitionOf: Partitioner = ({ partitionMetadata, message: { key } }) => {
    if (ended) throw new kafkajs.KafkaJSNonRetriableError('this producer was given up')
    return key instanceof Uint8Array ? partitionOfKey(key, partitionMetadata.length) : next++ % partitionMetadata.length
  }
  const producer = create(() => partitionOf)
  return {
    producer,
    end: async () => {
      ended = true
      await within(1000, producer.disconnect())
    },
  }
}

/** Cure 7. What is an error for us is told by those who asked; of kafkajs's own words the loud ones are warnings at most. */
function logThrough(logger: Logger): (entry: { level: logLevel; namespace: string; log: { message: string } }) => void {
  return ({ level, namespace, log: { message } }) => {
    const facts = { kafkajs: namespace }
    const routine =
      /CONCURRENT_TRANSACTIONS|another transaction|Response (Heartbeat|JoinGroup|SyncGroup|OffsetCommit|Fetch)/i
    if (level === kafkajs.logLevel.ERROR && !routine.test(message)) logger.debug(facts, message)
    else if (level === kafkajs.logLevel.WARN) logger.debug(facts, message)
    else logger.trace(facts, message)
  }
}

/** Requests to the brokers of one cluster, over connections of its own: reads wait at the broker, and hold up whatever shares theirs. */
export class KafkaConnection {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Connects and learns the brokers. */
  async connect(): Promise<void> {
    await this.#cluster.connect()
    await this.#cluster.refreshMetadata()
  }

  /** Sends a request of ours to a broker, or to any one where `node` is null. */
  async send<T>(node: number | null, request: WireRequest<T>): Promise<T> {
    const broker = await this.broker(node)
    const raw = broker as unknown as RawBroker
    const { apiKey, apiVersion, apiName, waits } = request
    const newest = raw.versions?.[apiKey]?.maxVersion
    if (newest !== undefined && newest < apiVersion) {
      throw tooOld(`it knows ${apiName} up to version ${newest}, ${apiVersion} is needed`, apiName)
    }
    const encode = async (): Promise<WireEncoder> => {
      const encoder = new EncoderClass()
      encoder.writeBufferInternal(request.encode())
      return encoder
    }
    const response = { decode: async (payload: Buffer) => request.decode(payload), parse: async (data: T) => data }
    try {
      const message = { request: { apiKey, apiVersion, apiName, encode }, response, requestTimeout: waits + 15_000 }
      return (await raw.connectionPool.send(message)) as T
    } catch (error) {
      if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await raw.disconnect()
      throw error
    }
  }

  /** A connected broker. One that is not known or not reachable makes the brokers be learned anew. */
  async broker(node: number | null): Promise<GroupBroker> {
    const id = node ?? this.#cluster.getNodeIds()[0]
    if (id === undefined || id === -1) {
      await this.connect()
      throw new KafkaUnavailable('no broker leads the partition')
    }
    return (await this.#cluster.findBroker({ nodeId: String(id) })) as GroupBroker
  }

  async coordinator(groupId: string): Promise<GroupBroker> {
    return (await this.#cluster.findGroupCoordinator({ groupId })) as GroupBroker
  }

  /** Waits for answers under way, as kafkajs does, but not for long. */
  async disconnect(): Promise<void> {
    await within(1000, this.#cluster.disconnect())
  }
}
