import { parseAddress, senderPrefix } from '@tlsrep/core'
import { peerNetwork } from '@tlsrep/core/sender/peer-network'
import { partitionOfKey } from '@tlsrep/platform/event-log/kafka/murmur2'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shareOf } from './share.ts'

const PARTITIONS = 16
const address = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map((text) => parseAddress(text))
  .filter((bytes) => bytes !== undefined)
const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** Any way of sharing the partitions among up to four scorers. */
const sharing = fc
  .array(fc.nat(3), { minLength: PARTITIONS, maxLength: PARTITIONS })
  .map((owners) => [0, 1, 2, 3].map((owner) => ALL.filter((partition) => owners[partition] === owner)))

describe('scorers that share the partitions', () => {
  test('each sender has exactly one owner, and it is the one that gets the sender’s events', () => {
    fc.assert(
      fc.property(sharing, address, (owners, bytes) => {
        const shares = owners.map((partitions) => shareOf(partitions, 'log', PARTITIONS))
        const owning = shares.flatMap((share, index) => (share.owns(senderPrefix(bytes)) ? [index] : []))
        const partition = partitionOfKey(Buffer.from(peerNetwork(bytes)), PARTITIONS)
        expect(owning).toEqual([owners.findIndex((partitions) => partitions.includes(partition))])
      }),
    )
  })

  test.each(['10.0.0.0/8', '2001:db8::/32', 'example.org'])('%s belongs to the owner of partition 0', (sender) => {
    expect(shareOf([0, 3], 'log', PARTITIONS).owns(sender)).toBe(true)
    expect(shareOf([1, 2], 'log', PARTITIONS).owns(sender)).toBe(false)
  })

  test.each([
    ['tls.negotiations/cluster/id/3:10-20', [3], [3]],
    ['tls.negotiations/cluster/id/3:10-20,5:1-2', [5, 7], [5]],
    ['tls.negotiations/cluster/id/3:10-20,5:1-2', [1, 2, 4], []],
    ['tls.negotiations/another/3:10-20', [3], []],
  ])('of the range %s the owner of %j finishes the parts %j', (range, partitions, expected) => {
    expect(shareOf(partitions, 'cluster/id', PARTITIONS).partitionsOf(range)).toEqual(expected)
  })
})
