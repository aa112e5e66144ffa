import type { ListingReason } from '@tlsrep/schemas'
import { FACETS, type Facet } from '../policy/grade.ts'
import type { Policy } from '../policy/policy.ts'
import type { Grade } from '../tls/facets.ts'

const COSTLY_GRADES = ['phase_out', 'insufficient', 'forbidden'] as const satisfies readonly Grade[]
type CostlyGrade = (typeof COSTLY_GRADES)[number]

/**
 * What evidence is counted as. `tls`: a negotiated session that costs nothing. `<facet>_<grade>`: a negotiated session, by the facet
 * that costs most. `downgrade` and `history_regression` add to sessions that are counted already and are no sessions themselves.
 */
export type Kind = 'plaintext' | 'history_regression' | 'downgrade' | `${Facet}_${CostlyGrade}` | 'tls'

export interface KindSpec {
  readonly kind: Kind
  readonly reason: ListingReason | null
  /** False for what is added to sessions that another kind counts. */
  readonly isSession: boolean
  /** Thousandths of a session in clear. */
  readonly weight: (policy: Policy) => number
}

/** In the order in which weights are applied and kinds are shown. Sums are kept by index into this list. */
export const KINDS: readonly KindSpec[] = [
  { kind: 'plaintext', reason: 'plaintext', isSession: true, weight: ({ weights }) => weights.plaintext },
  {
    kind: 'history_regression',
    reason: 'history_regression',
    isSession: false,
    weight: ({ weights }) => weights.history_regression,
  },
  { kind: 'downgrade', reason: 'downgrade', isSession: false, weight: ({ weights }) => weights.downgrade_pair },
  ...FACETS.flatMap((facet) => COSTLY_GRADES.map((grade) => facetKind(facet, grade))),
  { kind: 'tls', reason: null, isSession: true, weight: () => 0 },
]

function facetKind(facet: Facet, grade: CostlyGrade): KindSpec {
  return {
    kind: `${facet}_${grade}`,
    reason: facet === 'tls_version' ? 'deprecated_version' : 'weak_cipher',
    isSession: true,
    weight: ({ weights }) => weights[facet][grade],
  }
}

export function kindIndex(kind: Kind): number {
  return KINDS.findIndex((spec) => spec.kind === kind)
}

export const PLAINTEXT = kindIndex('plaintext')
export const HISTORY_REGRESSION = kindIndex('history_regression')
export const DOWNGRADE = kindIndex('downgrade')
export const TLS = kindIndex('tls')

/** Kinds whose sessions are negotiated ones. */
export const NEGOTIATED: readonly number[] = KINDS.flatMap(({ isSession }, i) =>
  isSession && i !== PLAINTEXT ? [i] : [],
)
