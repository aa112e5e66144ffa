import {
  DIRECTIONS,
  type Direction,
  OUTCOMES,
  type Outcome,
  TLS_VERSIONS,
  type TlsNegotiation,
  type TlsVersion,
} from '@tlsrep/schemas'

export interface OutcomeRow {
  direction: Direction
  outcome: Outcome
  tls_version: TlsVersion | null
  sessions: number
  /** Of all sessions of this direction, 0 to 1. */
  share: number
}

/** Newest first: what is deprecated stands last, beside the failures. */
const VERSIONS: readonly (TlsVersion | null)[] = [...TLS_VERSIONS.toReversed(), null]

/** Counts sessions by direction, outcome and TLS version. */
export class OutcomeTable {
  readonly #counts = new Map<string, number>()
  readonly #totals: Record<Direction, number> = { inbound: 0, outbound: 0 }

  add({ direction, outcome, tls_version }: TlsNegotiation): void {
    const key = keyOf(direction, outcome, tls_version)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    this.#totals[direction]++
  }

  /** Rows that occurred, in the order of the schema. */
  rows(): OutcomeRow[] {
    return DIRECTIONS.flatMap((direction) =>
      OUTCOMES.flatMap((outcome) =>
        VERSIONS.flatMap((version) => {
          const sessions = this.#counts.get(keyOf(direction, outcome, version)) ?? 0
          if (sessions === 0) return []
          return [{ direction, outcome, tls_version: version, sessions, share: sessions / this.#totals[direction] }]
        }),
      ),
    )
  }
}

function keyOf(direction: Direction, outcome: Outcome, version: TlsVersion | null): string {
  return `${direction} ${outcome} ${version}`
}
