import './kafkajs-grouping.ts'
import type { Socket } from 'node:net'
import kafkajs, { type Broker, type Cluster } from 'kafkajs'
import { within } from './attempts.ts'
import { KafkaUnavailable, tooOld } from './failure.ts'
import { encoded } from './kafkajs-cures.ts'
import type { WireRequest } from './requests.ts'

export const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol

/** What kafkajs has on a broker beyond its types; the versions are those that brokers 3.1 to 4.4 know. */
export interface GroupBroker extends Broker {
  nodeId: number
  syncGroup(request: object): Promise<{ memberAssignment: Buffer }>
  heartbeat(request: object): Promise<unknown>
  leaveGroup(request: object): Promise<unknown>
  findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<unknown>
  listOffsets(request: object): Promise<{
    responses: { topic: string; partitions: { partition: number; offset: string }[] }[]
  }>
}
interface RawBroker {
  versions?: Readonly<Record<number, { maxVersion: number }>>
  connectionPool: { pool: readonly RawConnection[]; send(request: object): Promise<unknown> }
  disconnect(): Promise<void>
}
interface RawConnection {
  socket: Socket | null
  requestQueue: { inflight: ReadonlyMap<number, unknown>; rejectAll(error: Error): void }
  disconnect(): Promise<unknown>
}
interface RawCluster {
  brokerPool: { brokers: Readonly<Record<string, RawBroker>> }
}
/** In a broker's pool, the connection that kafkajs keeps for fetches alone. */
const FETCHES = 1

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
    const encode = async (): Promise<object> => encoded(request.encode())
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

  /** Of fetches that wait at brokers nothing is wanted any more: a broker would answer the next ones only behind them. */
  async giveUpFetches(): Promise<void> {
    const { brokers } = (this.#cluster as unknown as RawCluster).brokerPool
    await Promise.all(
      Object.values(brokers).map(async ({ connectionPool: { pool } }) => {
        const connection = pool[FETCHES]
        if (connection === undefined || connection.requestQueue.inflight.size === 0) return
        connection.requestQueue.rejectAll(new KafkaUnavailable('no answer is wanted any more'))
        connection.socket?.destroy()
        await connection.disconnect()
      }),
    )
  }

  async coordinator(groupId: string): Promise<GroupBroker> {
    return (await this.#cluster.findGroupCoordinator({ groupId })) as GroupBroker
  }

  /** Waits for answers under way, as kafkajs does, but not for long. */
  async disconnect(): Promise<void> {
    await within(1000, this.#cluster.disconnect())
  }
}
