import { peerNetwork } from '@tlsrep/core/sender/peer-network'
import { parsePrefix } from '@tlsrep/core/sender/prefix'
import { partitionOfKey } from '@tlsrep/platform/event-log/kafka/murmur2'
import { rangeOrigin } from '@tlsrep/scorer/range'
import type { Share } from '@tlsrep/scorer/share'

/**
 * What a scorer answers for that owns these partitions: the senders whose events fall into them, and every range that was begun out of
 * one of them. A range of several partitions may be finished by several scorers, each its part; its token lets it be stored once.
 * Domains and wider prefixes, whose events come from many partitions, belong to the owner of partition 0.
 */
export function shareOf(partitions: readonly number[], log: string, partitionCount: number): Share {
  const own = new Set(partitions)
  return {
    owns: (sender) => own.has(partitionOfSender(sender, partitionCount)),
    partitionsOf: (range) => {
      const origin = rangeOrigin(range)
      return origin.log === log ? origin.partitions.filter((partition) => own.has(partition)) : []
    },
    claims: partitions.map((partition) => `owner/${log}/${partition}`),
  }
}

function partitionOfSender(sender: string, partitionCount: number): number {
  const prefix = parsePrefix(sender)
  if (prefix === undefined) return 0
  const network = peerNetwork(prefix.bytes)
  // Wider than the network that keys events: its events have many keys.
  const keyBits = network.endsWith('/24') ? 120 : 48
  return prefix.bits < keyBits ? 0 : partitionOfKey(Buffer.from(network), partitionCount)
}
