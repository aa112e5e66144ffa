import type { Policy } from '@tlsrep/core/policy/policy'
import type { Begun } from './begun.ts'
import { candidatesOf, type HistoryMakers } from './candidates.ts'
import type { Fact } from './facts.ts'
import { findPairs, isPairHalf } from './pairs.ts'
import { markDone, markPartsDone, type RangeParts } from './pending-ranges.ts'
import type { PublishedListings } from './published-listings.ts'
import { makeInserts, type Range } from './range.ts'
import type { Rescoring } from './rescoring.ts'
import type { Store } from './store.ts'

export interface RangeFollowingOptions {
  store: Store
  begun: Begun
  policy: Policy
  listings: PublishedListings
  historyMakers: HistoryMakers
  rescoring: Rescoring
  now: () => number
}

const HOUR_MS = 3_600_000

/** The second half of a batch's way: what follows from its events once they are stored. Each step may be done again. */
export class RangeFollowing {
  pairsFound = 0
  readonly #options: RangeFollowingOptions

  constructor(options: RangeFollowingOptions) {
    this.#options = options
  }

  /**
   * @param facts of the range's events, those whose senders are looked after here
   * @param parts where other scorers finish other parts of the range at the same time
   */
  async run(range: Range, facts: readonly Fact[], parts: RangeParts | null): Promise<void> {
    const { store, policy, listings, historyMakers, rescoring, now } = this.#options
    const isRepeated = range.inserts.some(({ table }) => table === 'downgrades')
    const senders = candidatesOf(facts, policy, (sender) => listings.has(sender))
    // Pairs that an earlier try wrote are not found again, and what they change may not be published yet.
    if (isRepeated) for (const fact of facts.filter(isPairHalf)) senders.add(fact.sender)
    const paired = await this.#pair(range, facts, parts)
    // The range stays begun: whoever took over finishes it.
    if (paired === null) return
    for (const sender of paired) senders.add(sender)
    for (const sender of await historyMakers.among(facts)) senders.add(sender)
    // (f) Scores and listings. They are functions of what is stored: after a crash they come out the same, or newer.
    await rescoring.run(senders, now())
    // (g) Done. A crash before it runs (d) to (f) once more, to no effect.
    if (parts === null) await markDone(store, range.inserts)
    else await markPartsDone(store, range.name, parts)
  }

  /**
   * (e) Pairs of these events with others or each other. Begun like the events, since a view counts them: a crash between table and view is
   * mended by the same rows under the same token, which the search for pairs could not find again.
   * @returns senders of the pairs; null where another scorer has taken over
   */
  async #pair(range: Range, facts: readonly Fact[], parts: RangeParts | null): Promise<Iterable<string> | null> {
    const { store, begun, policy, now } = this.#options
    const pairs = await findPairs(store, facts, policy.evidence.pair_window_hours * HOUR_MS, now())
    if (pairs.container === null) return pairs.senders
    const part = parts === null ? '' : `.${parts.own.join('-')}`
    const token = `${range.name}/downgrades.${range.inserts.length}${part}`
    const insert = { table: 'downgrades', token, container: pairs.container } as const
    if (!(await begun.record([insert]))) return null
    range.inserts.push({ table: insert.table, token })
    range.unmade.push(insert)
    await makeInserts(store, range)
    this.pairsFound += pairs.count
    return pairs.senders
  }
}
