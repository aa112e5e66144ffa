import { rangeOrigin } from './range.ts'

/** What this scorer answers for, where several share the work. */
export interface Share {
  /** Whether events of this sender come here. */
  owns(sender: string): boolean
  /** Of the partitions that a range was taken from, by its name (`rangeOf`), those whose part of it is to be finished here, whoever began it. */
  partitionsOf(range: string): readonly number[]
  /** Names of what is claimed, one a partition; none where nobody else can have it. */
  readonly claims: readonly string[]
}

/** Of a scorer that works alone. */
export const EVERYTHING: Share = {
  owns: () => true,
  partitionsOf: (range) => rangeOrigin(range).partitions,
  claims: [],
}
