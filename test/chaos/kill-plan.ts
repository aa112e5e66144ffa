import { Random } from '../support/random.ts'
import type { RotationKind } from './log-writer.ts'

export const VICTIMS = ['collector', 'scorer', 'publisher', 'broker', 'clickhouse'] as const
export type Victim = (typeof VICTIMS)[number]

/** What is written to the log in one go, and what comes after it. */
export interface LogPiece {
  bytes: number
  rotation: RotationKind | null
  /** Milliseconds. */
  pause: number
}

export interface PlannedKill {
  victim: Victim
  /** A number that says which one, where there are several of them. */
  which: number
  /** Written before it. */
  before: readonly LogPiece[]
  /** Written from the moment of the kill on, while the victim is away and comes back. */
  meanwhile: readonly LogPiece[]
  /** Milliseconds until it is started again. */
  away: number
  /** Whether the next kill waits until it is ready; else that may come while it still catches up. */
  patient: boolean
  /** Whether a scorer joins or leaves at the same time. */
  rebalance: boolean
}

export interface KillPlan {
  kills: readonly PlannedKill[]
  /** Written at the end. */
  last: readonly LogPiece[]
}

export interface KillPlanOptions {
  seed: number
  /** Of each victim. */
  kills: number
  /** Pieces of log between two kills, at least and at most. */
  pieces: readonly [number, number]
  /** Of each piece, at most. */
  bytes: number
}

const LONGEST_AWAY_MS: Readonly<Record<Victim, number>> = {
  collector: 1500,
  scorer: 1500,
  publisher: 1500,
  broker: 3000,
  // Whoever started it starts it again at once.
  clickhouse: 0,
}

/** All that chance decides, decided before anything runs: a seed makes the same kills and the same log, however fast the victims are. */
export function killPlan({ seed, kills, pieces, bytes }: KillPlanOptions): KillPlan {
  const random = new Random(seed)
  const victims = shuffled(
    VICTIMS.flatMap((victim) => Array<Victim>(kills).fill(victim)),
    random,
  )
  const third = Math.round(victims.length / 3)
  const rebalances = shuffled(
    victims.map((_, index) => index < third),
    random,
  )
  const some = (low: number, high: number): LogPiece[] => logPieces(random.between(low, high), bytes, random)
  const planned = victims.map((victim, index) => ({
    victim,
    which: random.between(0, 1),
    before: some(...pieces),
    meanwhile: some(0, 20),
    away: random.between(0, LONGEST_AWAY_MS[victim]),
    patient: random.chance(0.7),
    rebalance: rebalances[index] === true,
  }))
  return { kills: planned, last: some(...pieces) }
}

function logPieces(count: number, mostBytes: number, random: Random): LogPiece[] {
  return Array.from({ length: count }, () => ({
    bytes: random.between(200, mostBytes),
    rotation: random.chance(0.02) ? random.pick({ rename: 2, copytruncate: 1, compress: 2 }) : null,
    pause: random.between(0, 40),
  }))
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
