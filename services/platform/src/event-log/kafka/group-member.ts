import { within } from './attempts.ts'
import { CODE, codeOf } from './failure.ts'
import { type JoinedGroup, type JoinRequest, joinRequest, MemberIdGiven } from './join-request.ts'
import { type GroupBroker, type KafkaConnection, MemberAssignment, MemberMetadata } from './kafkajs-connection.ts'

export interface GroupMemberOptions {
  connection: KafkaConnection
  otherConnection: () => KafkaConnection
  group: string
  topic: string
  /** Milliseconds without a heartbeat after which the coordinator gives the partitions to others. */
  sessionTimeout: number
  /** Milliseconds that a rebalance waits for a member which has a batch in hand. */
  rebalanceTimeout: number
  /** Partitions of a topic of the group, for the member that assigns them. */
  partitionsOf: (topic: string) => Promise<number[]>
}

/** What became of a request under the generation. `over`: the group has gone on without it, nothing may be saved any more. */
export type Standing = 'good' | 'rebalancing' | 'over'

const PROTOCOL = 'tlsrep-range-robin'
const LEAVE_MS = 2000
const STALE_COORDINATOR: readonly number[] = [14, 15, 16]

/** A member of a consumer group, by the classic group protocol (KIP-848's is not needed by any broker up to 4.4). */
export class GroupMember {
  readonly #options: GroupMemberOptions
  #coordinator: GroupBroker | null = null
  #memberId = ''
  #generation = -1
  #joining = false

  constructor(options: GroupMemberOptions) {
    this.#options = options
  }

  get generation(): number {
    return this.#generation
  }

  /** Joins, or joins again in a rebalance; waits for the other members. @returns the partitions of the topic that are this member's */
  async join(): Promise<number[]> {
    const { group, topic, sessionTimeout, rebalanceTimeout } = this.#options
    this.#joining = true
    try {
      const coordinator = await this.#findCoordinator()
      const metadata = MemberMetadata.encode({ version: 0, topics: [topic], userData: NOTHING })
      const joined = await this.#ask(coordinator, {
        group,
        sessionTimeout,
        rebalanceTimeout,
        protocol: PROTOCOL,
        metadata,
      })
      this.#memberId = joined.memberId
      this.#generation = joined.generation
      const groupAssignment = joined.leaderId === joined.memberId ? await this.#assign(joined.members) : []
      const { memberAssignment } = await coordinator.syncGroup({
        groupId: group,
        generationId: joined.generation,
        memberId: joined.memberId,
        groupAssignment,
      })
      return MemberAssignment.decode(memberAssignment)?.assignment[topic]?.toSorted((a, b) => a - b) ?? []
    } catch (error) {
      this.#learnFrom(error)
      throw error
    } finally {
      this.#joining = false
    }
  }

  async #ask(coordinator: GroupBroker, join: Omit<JoinRequest, 'memberId'>): Promise<JoinedGroup> {
    const { connection } = this.#options
    try {
      return await connection.send(coordinator.nodeId, joinRequest({ ...join, memberId: this.#memberId }))
    } catch (error) {
      if (!(error instanceof MemberIdGiven)) throw error
      this.#memberId = error.memberId
      return connection.send(coordinator.nodeId, joinRequest({ ...join, memberId: this.#memberId }))
    }
  }

  async heartbeat(): Promise<Standing> {
    const { group } = this.#options
    return this.#underGeneration((coordinator, memberId, groupGenerationId) =>
      coordinator.heartbeat({ groupId: group, memberId, groupGenerationId }),
    )
  }

  /** Positions with the log that they belong to, as `commit` wrote them. */
  async positions(partitions: readonly number[]): Promise<Map<number, { offset: bigint; log: string }>> {
    const { group, topic } = this.#options
    const coordinator = await this.#findCoordinator()
    try {
      const asked = partitions.map((partition) => ({ partition, offset: '-1' }))
      const { responses } = await coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions: asked }] })
      const found = (responses[0]?.partitions ?? []) as {
        partition: number
        offset: string
        metadata?: string | null
      }[]
      return new Map(
        found
          .filter(({ offset }) => BigInt(offset) >= 0n)
          .map(({ partition, offset, metadata }) => [partition, { offset: BigInt(offset), log: metadata ?? '' }]),
      )
    } catch (error) {
      this.#learnFrom(error)
      throw error
    }
  }

  /** Saves positions, each the offset to begin at next, with the log that they belong to. */
  commit(positions: ReadonlyMap<number, bigint>, log: string): Promise<Standing> {
    const { group, topic } = this.#options
    const partitions = [...positions].map(([partition, offset]) => ({
      partition,
      offset: offset.toString(),
      metadata: log,
    }))
    return this.#underGeneration((coordinator, memberId, groupGenerationId) =>
      coordinator.offsetCommit({ groupId: group, memberId, groupGenerationId, topics: [{ topic, partitions }] }),
    )
  }

  /** Leaves at once, so that the others need not wait for the session to end. */
  async leave(): Promise<void> {
    const [coordinator, memberId] = [this.#coordinator, this.#memberId]
    const request = { groupId: this.#options.group, memberId }
    this.#memberId = ''
    if (memberId === '') return
    // A broker answers the requests of a connection one after the other: a join that waits holds up what comes behind it.
    if (this.#joining || coordinator === null) await within(LEAVE_MS, this.#leaveAside(request))
    else await within(LEAVE_MS, coordinator.leaveGroup(request))
  }

  async #leaveAside(request: { groupId: string; memberId: string }): Promise<void> {
    const connection = this.#options.otherConnection()
    try {
      await connection.connect()
      await (await connection.coordinator(request.groupId)).leaveGroup(request)
    } finally {
      await connection.disconnect()
    }
  }

  async #underGeneration(
    request: (coordinator: GroupBroker, memberId: string, generation: number) => Promise<unknown>,
  ): Promise<Standing> {
    try {
      await request(await this.#findCoordinator(), this.#memberId, this.#generation)
      return 'good'
    } catch (error) {
      this.#learnFrom(error)
      const code = codeOf(error)
      if (code === CODE.rebalanceInProgress) return 'rebalancing'
      if (code === CODE.illegalGeneration || code === CODE.unknownMember) return 'over'
      throw error
    }
  }

  async #findCoordinator(): Promise<GroupBroker> {
    if (this.#coordinator?.isConnected() !== true) {
      this.#coordinator = await this.#options.connection.coordinator(this.#options.group)
    }
    return this.#coordinator
  }

  #learnFrom(error: unknown): void {
    const code = codeOf(error)
    if (code === CODE.unknownMember) this.#memberId = ''
    if (code === undefined || STALE_COORDINATOR.includes(code)) this.#coordinator = null
  }

  /** As leader: partition i of a topic goes to the i-th of the members that read it, by their ids, round and round. */
  async #assign(members: JoinedGroup['members']): Promise<object[]> {
    const assignment = new Map(members.map(({ memberId }) => [memberId, {} as Record<string, number[]>]))
    const readers = new Map<string, string[]>()
    for (const { memberId, metadata } of members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))) {
      for (const topic of MemberMetadata.decode(metadata)?.topics ?? []) {
        readers.set(topic, [...(readers.get(topic) ?? []), memberId])
      }
    }
    for (const [topic, ids] of readers) {
      for (const [i, partition] of (await this.#options.partitionsOf(topic)).entries()) {
        const own = assignment.get(ids[i % ids.length] ?? '')
        if (own !== undefined) own[topic] = [...(own[topic] ?? []), partition]
      }
    }
    return [...assignment].map(([memberId, own]) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({ version: 0, assignment: own, userData: NOTHING }),
    }))
  }
}

const NOTHING = Buffer.alloc(0)
