import { createRequire } from 'node:module'

/*
 * Cure 12 of `kafkajs-cures.ts`: kafkajs copies the list of a partition for each message that it puts there, which grows with the square of
 * a send and was a sixteenth of what a collector cost. It takes hold of the function when it is loaded, so this module is imported before it.
 */

interface Grouping<M> {
  topic: string
  partitionMetadata: readonly unknown[]
  messages: readonly M[]
  partitioner(args: { topic: string; partitionMetadata: readonly unknown[]; message: M }): number
}

const PATH = 'kafkajs/src/producer/groupMessagesPerPartition.js'

const require = createRequire(import.meta.url)
require(PATH)
const loaded = require.cache[require.resolve(PATH)]
if (loaded === undefined) throw new Error(`${PATH} was not loaded`)
loaded.exports = byPartition

export function byPartition<M>({ topic, partitionMetadata, messages, partitioner }: Grouping<M>): Record<number, M[]> {
  const groups: Record<number, M[]> = {}
  if (partitionMetadata.length === 0) return groups
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message })
    const group = groups[partition]
    if (group === undefined) groups[partition] = [message]
    else group.push(message)
  }
  return groups
}
