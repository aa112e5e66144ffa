import { DECAY_ONE, decayFactor, noonOf } from './decay.ts'
import type { EvidenceDay } from './evidence-days.ts'
import { KINDS } from './kinds.ts'
import type { Weigher } from './weigher.ts'
import { wilsonInterval } from './wilson.ts'

/**
 * Decayed sums of the days up to one, as of 12:00 UTC of that day. Those of kinds are whole numbers on the scale of DECAY_ONE; what is
 * weighed is in thousandths of them.
 */
export interface Sums {
  /** The newest day in the sums. */
  readonly day: number
  /** By index into KINDS: sessions times decay factors. */
  readonly kinds: readonly number[]
  readonly sessions: number
  readonly against: number
  readonly total: number
  readonly bad: number
}

/** What the sums say at a moment. */
export interface Measure {
  /** Sessions that count, after decay. */
  effective_sessions: number
  /** What these sessions weigh against the sender, in sessions in clear; what pairs and history add is not in it. This is what floors ask. */
  weight_against: number
  /** Sessions and what pairs and history add: the trials of the interval. */
  weighed_total: number
  /** What of it speaks against the sender. */
  weighed_bad: number
  lower_bound: number
  upper_bound: number
}

/** Sums the first `count` days, which must be in order, at least one. */
export function sumDays(days: readonly EvidenceDay[], count: number, weigher: Weigher): Sums {
  const newest = days[count - 1]?.day ?? 0
  const kinds = new Array<number>(KINDS.length).fill(0)
  for (let i = 0; i < count; i++) {
    const day = days[i]
    if (day === undefined) break
    const factor = weigher.dayFactors[newest - day.day] ?? 0
    if (factor === 0) continue
    // Most kinds are absent from most days.
    for (const kind of day.kinds) kinds[kind] = (kinds[kind] ?? 0) + factor * (day.counts[kind] ?? 0)
  }
  return weighed(newest, kinds, weigher)
}

/** Weights are applied to whole sums, in the order of KINDS. */
function weighed(day: number, kinds: readonly number[], weigher: Weigher): Sums {
  const sums = { day, kinds, sessions: 0, against: 0, total: 0, bad: 0 }
  kinds.forEach((sum, kind) => {
    if (sum === 0) return
    const weight = sum * (weigher.weights[kind] ?? 0)
    sums.bad += weight
    if (!KINDS[kind]?.isSession) {
      sums.total += weight
      return
    }
    sums.sessions += sum
    sums.against += weight
    sums.total += sum * 1000
  })
  return sums
}

/**
 * Weighs sums at a moment: at 12:00 UTC of their newest day, or later. All of them age alike from there on, so that decay changes how
 * much evidence there is and never which share of it is bad. Before that 12:00 nothing ages.
 */
export function measureAt(sums: Sums, moment: number, weigher: Weigher, z: number): Measure {
  const scale = decayFactor(moment - noonOf(sums.day), weigher.halfLifeMs) / DECAY_ONE / DECAY_ONE
  const total = (sums.total * scale) / 1000
  const { lower, upper } = wilsonInterval(sums.total > 0 ? sums.bad / sums.total : 0, total, z)
  return {
    effective_sessions: sums.sessions * scale,
    weight_against: (sums.against * scale) / 1000,
    weighed_total: total,
    weighed_bad: (sums.bad * scale) / 1000,
    lower_bound: lower,
    upper_bound: upper,
  }
}
