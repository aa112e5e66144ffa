import type { Clock } from './clock.ts'
import { createInterner, type Interner } from './interner.ts'

/** What the framings of one framer share. */
export interface FramingContext {
  readonly clock: Clock
  readonly hosts: Interner
  readonly programs: Interner
  /** Set by a framing that refuses a line of its own shape because its stamp is no time; taken back by who asks. */
  badStamp: boolean
}

export function createFramingContext(clock: Clock): FramingContext {
  return { clock, hosts: createInterner(), programs: createInterner(), badStamp: false }
}

/** Refuses a line whose stamp has the right shape and names no time. */
export function refuseStamp(context: FramingContext): -1 {
  context.badStamp = true
  return -1
}
