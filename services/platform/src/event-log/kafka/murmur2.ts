const M = 0x5bd1e995
const SEED = 0x9747b28c

/**
 * The hash by which Kafka's own clients choose a key's partition (murmur2, `org.apache.kafka.common.utils.Utils`), so that whoever else
 * writes to a topic puts a key where tlsrep does. kafkajs has it too, in arithmetic of objects.
 */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  const at = (index: number): number => bytes[index] ?? 0
  let hash = SEED ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(k, M)
  }
  const left = length - i
  if (left >= 3) hash ^= at(i + 2) << 16
  if (left >= 2) hash ^= at(i + 1) << 8
  if (left >= 1) hash = Math.imul(hash ^ at(i), M)
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}

export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}
