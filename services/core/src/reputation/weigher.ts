import type { TlsVersion } from '@tlsrep/schemas'
import { grade } from '../policy/grade.ts'
import type { Policy } from '../policy/policy.ts'
import { DAY_MS, dayFactors } from './decay.ts'
import { KINDS, kindIndex, TLS } from './kinds.ts'

/** Combinations of version and cipher that are remembered; there are some hundreds, and names may come from a hostile log. */
const MAX_REMEMBERED = 2048

/** A policy made ready for counting: everything that is the same for all senders. */
export interface Weigher {
  readonly halfLifeMs: number
  /** Decay factors by age in days; what is older than the list has no weight left. */
  readonly dayFactors: readonly number[]
  /** Thousandths of a session in clear, by index into KINDS. */
  readonly weights: readonly number[]
  /** Index into KINDS of a negotiated session. */
  negotiatedKind(version: TlsVersion | null, cipher: string | null): number
}

const weighers = new WeakMap<Policy, Weigher>()

export function weigherOf(policy: Policy): Weigher {
  let weigher = weighers.get(policy)
  if (weigher === undefined) {
    weigher = makeWeigher(policy)
    weighers.set(policy, weigher)
  }
  return weigher
}

function makeWeigher(policy: Policy): Weigher {
  const halfLifeMs = policy.evidence.half_life_days * DAY_MS
  const kinds = new Map<string, number>()
  return {
    halfLifeMs,
    dayFactors: dayFactors(halfLifeMs),
    weights: KINDS.map((spec) => spec.weight(policy)),
    negotiatedKind(version, cipher) {
      const key = `${version} ${cipher}`
      const known = kinds.get(key)
      if (known !== undefined) return known
      if (kinds.size >= MAX_REMEMBERED) kinds.clear()
      const kind = kindOfGrade(version, cipher, policy)
      kinds.set(key, kind)
      return kind
    },
  }
}

function kindOfGrade(version: TlsVersion | null, cipher: string | null, policy: Policy): number {
  const { heaviest } = grade(version, cipher, policy)
  if (heaviest === null || heaviest.grade === 'good' || heaviest.grade === 'sufficient') return TLS
  return kindIndex(`${heaviest.facet}_${heaviest.grade}`)
}
