import { KafkaCodeError } from './failure.ts'
import type { WireRequest } from './requests.ts'
import { WireReader, WireWriter } from './wire.ts'

export interface JoinRequest {
  group: string
  memberId: string
  sessionTimeout: number
  rebalanceTimeout: number
  protocol: string
  metadata: Uint8Array
}

export interface JoinedGroup {
  generation: number
  leaderId: string
  memberId: string
  members: { memberId: string; metadata: Buffer }[]
}

/** The coordinator has given an id and wants to be asked again under it. */
export class MemberIdGiven extends Error {
  readonly memberId: string

  constructor(memberId: string) {
    super('the coordinator gives a member id')
    this.memberId = memberId
  }
}

const MEMBER_ID_REQUIRED = 79

/**
 * JoinGroup, version 5. kafkajs's keeps the member id to itself until the group is complete, which can take a minute: who stops
 * meanwhile could not leave, and would hold its partitions until its session ends.
 */
export function joinRequest(join: JoinRequest): WireRequest<JoinedGroup> {
  return {
    apiKey: 11,
    apiVersion: 5,
    apiName: 'JoinGroup',
    waits: join.rebalanceTimeout,
    encode: () => {
      const out = new WireWriter().string(join.group).int32(join.sessionTimeout).int32(join.rebalanceTimeout)
      out.string(join.memberId).string(null).string('consumer')
      return out.int32(1).string(join.protocol).sizedBytes(join.metadata).bytes()
    },
    decode: (bytes) => {
      const reader = new WireReader(bytes)
      reader.int32()
      const error = reader.int16()
      const generation = reader.int32()
      reader.string()
      const leaderId = reader.string() ?? ''
      const memberId = reader.string() ?? ''
      if (error === MEMBER_ID_REQUIRED) throw new MemberIdGiven(memberId)
      if (error !== 0) throw new KafkaCodeError(error, `joining ${join.group}`)
      const members = reader.array(() => {
        const id = reader.string() ?? ''
        reader.string()
        return { memberId: id, metadata: reader.take(reader.int32()) }
      })
      return { generation, leaderId, memberId, members }
    },
  }
}
