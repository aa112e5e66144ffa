import type { ProfileSummary } from './cpu-profile.ts'
import type { CallCost } from './timed-store.ts'

/** What the bench and the process of an instance say to each other. */
export interface InstanceOptions {
  /** Configuration file. */
  config: string
  /** With the CPU profiler, which costs some of the time that it measures. */
  profiled: boolean
}

export type ToInstance = { kind: 'state' } | { kind: 'stop' }

export type FromInstance =
  | { kind: 'started'; pids: [number, number] }
  | { kind: 'caught_up'; reading: Reading }
  | { kind: 'state'; state: State }

/** One log from its first byte to the last event that is durable. */
export interface Reading {
  seconds: number
  lines: number
  state: State
  /** Processor time of the services' process, of its main thread alone, and of ClickHouse, in seconds, from the same first byte on. */
  cpu: { services: number; mainThread: number; clickhouse: number }
  gcSeconds: number
  /** What ClickHouse was called for. */
  calls: [string, CallCost][]
  profile: ProfileSummary | null
}

export interface State {
  events: number
  batches: number
  scored: number
  listings: number
  pairs: number
  idsLookedUp: number
}
