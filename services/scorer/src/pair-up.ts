/**
 * Facts about two sessions of one sender, kept as rows of `downgrades`: one row a plaintext session and kind, dated by that session.
 *
 * - `D2`: a handshake failed, then mail came in clear, within the window (reference: a fallback).
 * - `after_refusal`: we had refused the sender's TLS, then mail came in clear. Our fault is not the sender's: such a session has no weight.
 * - `D2_after_refusal`: both, so that what `D2` counts can be taken back.
 *
 * A pair counts whichever session was stored first, and a row says nothing that depends on it, except which of several failures it names.
 */
export type PairKind = 'D2' | 'after_refusal' | 'D2_after_refusal'

/** A session that may be one half of a pair: which, by the rules of `pairs.ts`. Times in milliseconds, bytes in hexadecimal digits. */
export interface HalfRow {
  id: string
  sender: string
  observed: number
  listener: string | null
  host: string
  address: string
  reason: string | null
  /** Known by absence while the log showed loss. */
  excused: boolean
  /** Mail in clear by the sender's own doing. */
  clear: boolean
  /** A handshake that failed, not by our doing. */
  failed: boolean
  /** The sender's TLS was refused by us. */
  refused: boolean
}

export interface Pair {
  kind: PairKind
  clear: HalfRow
  failure: HalfRow
}

/**
 * Pairs each session in clear with the last failure, and the last refusal, that the sender had before it or in the same millisecond.
 * Rows of one sender must stand together, in the order of their times; equal times in any fixed order.
 */
export function pairUp(rows: readonly HalfRow[], windowMs: number): Pair[] {
  const pairs: Pair[] = []
  let failed: HalfRow | undefined
  let refused: HalfRow | undefined
  for (let from = 0; from < rows.length; ) {
    const first = rows[from] as HalfRow
    if (failed?.sender !== first.sender) failed = undefined
    if (refused?.sender !== first.sender) refused = undefined
    const to = endOfMoment(rows, from)
    for (const row of rows.slice(from, to)) {
      if (row.failed) failed = row
      if (row.refused) refused = row
    }
    for (const row of rows.slice(from, to)) if (row.clear) pairs.push(...pairsOf(row, failed, refused, windowMs))
    from = to
  }
  return pairs
}

/** Index behind the rows of the same sender and millisecond. */
function endOfMoment(rows: readonly HalfRow[], from: number): number {
  const first = rows[from]
  let to = from + 1
  while (rows[to]?.sender === first?.sender && rows[to]?.observed === first?.observed) to++
  return to
}

function pairsOf(clear: HalfRow, failed: HalfRow | undefined, refused: HalfRow | undefined, windowMs: number): Pair[] {
  const inTime = (failure: HalfRow | undefined): HalfRow | undefined =>
    failure !== undefined && clear.observed - failure.observed <= windowMs ? failure : undefined
  const fallback = inTime(failed)
  const forced = clear.excused ? undefined : inTime(refused)
  return [
    ...(fallback === undefined ? [] : [{ kind: 'D2' as const, clear, failure: fallback }]),
    ...(forced === undefined ? [] : [{ kind: 'after_refusal' as const, clear, failure: forced }]),
    ...(fallback === undefined || forced === undefined
      ? []
      : [{ kind: 'D2_after_refusal' as const, clear, failure: fallback }]),
  ]
}
