import type { TlsVersion } from '@tlsrep/schemas'
import { cipherFacets, type Grade, versionGrade, worseOf } from '../tls/facets.ts'
import type { Policy } from './policy.ts'

/** What is graded of a negotiation, in the order in which equal weights are named. */
export const FACETS = ['tls_version', 'encryption', 'integrity', 'key_exchange'] as const
export type Facet = (typeof FACETS)[number]

export interface FacetGrade {
  facet: Facet
  grade: Grade
  /** Thousandths of a session in clear. */
  weight: number
}

export interface NegotiationGrade {
  /** The worst facet, never an average; `unknown` where the log names neither version nor cipher. */
  grade: Grade | 'unknown'
  /** What is known of the facets; empty for `unknown`. */
  facets: readonly FacetGrade[]
  /** The facet that weighs most, so what the session costs; null when it costs nothing. */
  heaviest: FacetGrade | null
}

/**
 * Grades a negotiation by the policy. Facts that the log does not give are not guessed: a session without them costs nothing.
 * @param cipher IANA name of the suite
 */
export function grade(version: TlsVersion | null, cipher: string | null, policy: Policy): NegotiationGrade {
  const facets: FacetGrade[] = []
  let worst: Grade | 'unknown' = 'unknown'
  let heaviest: FacetGrade | null = null
  for (const [facet, level] of knownFacets(version, cipher, policy)) {
    const weight = level === 'good' || level === 'sufficient' ? 0 : policy.weights[facet][level]
    const graded = { facet, grade: level, weight }
    facets.push(graded)
    worst = worst === 'unknown' ? level : worseOf(worst, level)
    if (weight > (heaviest?.weight ?? 0)) heaviest = graded
  }
  return { grade: worst, facets, heaviest }
}

function knownFacets(version: TlsVersion | null, cipher: string | null, policy: Policy): [Facet, Grade][] {
  const known: [Facet, Grade][] = version === null ? [] : [['tls_version', versionGrade(version)]]
  const suite = cipher === null ? undefined : cipherFacets(cipher)
  if (suite === undefined) return known
  const { encryption, integrity, key_exchange } = suite
  known.push(['encryption', encryption], ['integrity', integrity])
  known.push(['key_exchange', key_exchange === 'anonymous' ? policy.grades.anonymous_key_exchange : key_exchange])
  return known
}
