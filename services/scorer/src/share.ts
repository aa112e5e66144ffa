/** What this scorer answers for, where several share the work. */
export interface Share {
  /** Whether events of this sender come here. */
  owns(sender: string): boolean
  /** Whether a range that was begun, perhaps by another, is to be finished here, by its name (`rangeOf`). */
  finishes(range: string): boolean
}

/** Of a scorer that works alone. */
export const EVERYTHING: Share = { owns: () => true, finishes: () => true }
