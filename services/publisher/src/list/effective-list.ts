import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import type { Override } from '@tlsrep/schemas'
import type { Exemption, PublishedListing } from '../outputs/output.ts'
import { ContentHash, exemptionText, listingText } from './content-hash.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { isScored, type ScoredListing } from './listing-rows.ts'
import { ListingTable } from './listing-table.ts'
import { SenderMap } from './sender-map.ts'

/** An operator's decision as it was read, with its end as a number. */
export interface HeldOverride extends Readonly<Override> {
  readonly expires_at: number
}

/** Told of each sender whose published listing changes, with what it was before. */
export type ChangeListener = (sender: string, before: PublishedListing | undefined) => void

/** Never listed, not even by an operator: no listing may make a host refuse itself, and a DNSBL must not list 127.0.0.1 (RFC 5782). */
const LOOPBACK = ['127.0.0.0/8', '::1/128']

/** Stale entries that the queue of overrides may hold beside live ones before it is swept. */
const STALE_ENTRIES = 1000

/**
 * The list that outputs see: what was scored, less what has expired, what operators allowed and what is in a protected pool, with what
 * operators denied. An allow beats a deny, a deny beats the score. Kept such that the most specific prefix decides for an address:
 *
 * - a scored listing counts unless an override or a pool covers it (at its own prefix or a wider one);
 * - a denied sender counts unless an allow covers it. A pool is protected from the score and from a deny of a wider network, which was
 *   hardly meant for it; a deny of the pool's own prefix or of something inside it was, and holds;
 * - allowed prefixes and pools are exemptions: they stand out of a wider listing. Loopback is one that nobody can deny.
 *
 * A scored listing that does not count is kept aside, and comes back when what covers it ends.
 */
export class EffectiveList {
  readonly listings = new ListingTable()
  readonly exemptions = new SenderMap<Exemption>()
  readonly overrides = new SenderMap<HeldOverride>()
  /** Scored listings that do not count at the moment. */
  readonly #aside = new ListingTable()
  readonly #pools = new SenderMap<Exemption>()
  readonly #loopback = new SenderMap<Exemption>()
  readonly #expiries = new ExpiryQueue<HeldOverride>()
  readonly #hash = new ContentHash()
  readonly #changed: ChangeListener

  /** @param pools prefixes that the score never lists */
  constructor(pools: readonly string[], changed: ChangeListener) {
    this.#changed = changed
    for (const sender of [...pools, ...LOOPBACK]) {
      const key = parseSender(sender)
      if (key === undefined) throw new Error(`protected pool ${sender} is no canonical prefix`)
      const pool: Exemption = { sender, cause: 'protected', expires_at: Number.POSITIVE_INFINITY }
      this.#pools.set(key, pool)
      this.#setExemption(key, pool)
      if (LOOPBACK.includes(sender)) this.#loopback.set(key, pool)
    }
  }

  get contentHash(): string {
    return this.#hash.text
  }

  /** Scored listings that an override or a pool keeps from counting. */
  get suppressed(): number {
    return this.#aside.size
  }

  /** Milliseconds since 1970 UTC at which something ends by itself, `Infinity` where nothing does. */
  get nextExpiry(): number {
    return Math.min(this.#expiries.next, this.listings.nextEnd, this.#aside.nextEnd)
  }

  match(address: Uint8Array, now: number): PublishedListing | undefined {
    const listing = this.listings.longest(address, now)
    if (listing === undefined) return undefined
    // Where both stand at one prefix, it is a pool that an operator denied: the listing holds.
    const length = Number(listing.sender.slice(listing.sender.lastIndexOf('/') + 1))
    return this.exemptions.longest(address, now, length + 1) === undefined ? listing : undefined
  }

  /** The version that is held of a scored sender. */
  scored(key: SenderKey): ScoredListing | undefined {
    return this.#aside.scoredAt(key) ?? this.listings.scoredAt(key)
  }

  setScored(key: SenderKey, listing: ScoredListing, now: number): void {
    if (listing.expires_at <= now) {
      this.removeScored(key, now)
      return
    }
    this.#settle(key, listing.sender, listing, now)
  }

  removeScored(key: SenderKey, now: number): void {
    const held = this.scored(key)
    if (held !== undefined) this.#settle(key, held.sender, undefined, now)
  }

  setOverride(key: SenderKey, override: HeldOverride, now: number): void {
    if (override.expires_at <= now) {
      this.removeOverride(key, now)
      return
    }
    this.overrides.set(key, override)
    this.#push(override)
    this.#overrideChanged(key, now)
  }

  removeOverride(key: SenderKey, now: number): void {
    if (this.overrides.delete(key)) this.#overrideChanged(key, now)
  }

  /** Ends what has come to its end at `now`; how many listings and overrides that were. */
  expire(now: number): number {
    let ended = 0
    // Overrides first: with one its listing goes, and what it kept aside comes back.
    for (const entry of this.#expiries.due(now)) {
      const key = parseSender(entry.sender)
      if (key === undefined || this.overrides.at(key) !== entry) continue
      ended++
      this.removeOverride(key, now)
    }
    for (const table of [this.#aside, this.listings]) {
      for (const { sender } of table.ended(now)) {
        const key = parseSender(sender)
        if (key === undefined) continue
        ended++
        this.#settle(key, sender, undefined, now)
      }
    }
    return ended
  }

  /** All that an override touches: its exemption, and whatever is listed or kept aside at or within its prefix. */
  #overrideChanged(key: SenderKey, now: number): void {
    const override = this.overrides.at(key)
    if (override?.action === 'allow') {
      const { sender, expires_at } = override
      this.#setExemption(key, { sender, cause: 'allowed', expires_at })
    } else {
      this.#setExemption(key, this.#pools.at(key))
    }
    const touched = new Set<string>(override === undefined ? [] : [override.sender])
    for (const source of [this.listings, this.#aside, this.overrides]) {
      for (const { sender } of source.within(key)) touched.add(sender)
    }
    for (const sender of touched) {
      const own = parseSender(sender)
      if (own !== undefined) this.#settle(own, sender, this.scored(own), now)
    }
  }

  /** Puts one sender right: what is listed, and what of it is kept aside. */
  #settle(key: SenderKey, sender: string, scored: ScoredListing | undefined, now: number): void {
    const before = this.listings.at(key)
    const after = this.#denied(key, now) ?? (scored !== undefined && this.#counts(key, now) ? scored : undefined)
    if (scored === undefined || scored === after) this.#aside.delete(key)
    else this.#aside.set(key, scored)
    if (before === undefined && after === undefined) return
    if (before !== undefined && after !== undefined && isSame(before, after)) return
    if (before !== undefined) this.#hash.remove(listingText(before))
    if (after === undefined) this.listings.delete(key)
    else {
      this.listings.set(key, after)
      // As it will be read when it is removed: a sender may be written in several ways.
      this.#hash.add(listingText(this.listings.at(key) ?? after))
    }
    this.#changed(sender, before)
  }

  #denied(key: SenderKey, now: number): PublishedListing | undefined {
    const override = this.overrides.at(key)
    if (override?.action !== 'deny' || override.expires_at <= now) return undefined
    for (const _ of this.#loopback.covering(key)) return undefined
    for (const covering of this.overrides.covering(key)) {
      if (covering.action === 'allow' && covering.expires_at > now) return undefined
    }
    return {
      sender: override.sender,
      tier: override.tier ?? 'reject',
      reasons: OPERATOR_DENY,
      listed_at: override.created_at,
      expires_at: override.expires_at,
    }
  }

  #counts(key: SenderKey, now: number): boolean {
    for (const _ of this.#pools.covering(key)) return false
    for (const override of this.overrides.covering(key)) if (override.expires_at > now) return false
    return true
  }

  #setExemption(key: SenderKey, exemption: Exemption | undefined): void {
    const before = this.exemptions.at(key)
    if (before !== undefined) this.#hash.remove(exemptionText(before))
    if (exemption === undefined) this.exemptions.delete(key)
    else {
      this.exemptions.set(key, exemption)
      this.#hash.add(exemptionText(exemption))
    }
  }

  #push(override: HeldOverride): void {
    this.#expiries.push(override)
    if (this.#expiries.size <= 2 * this.overrides.size + STALE_ENTRIES) return
    this.#expiries.prune((held) => {
      const key = parseSender(held.sender)
      return key !== undefined && this.overrides.at(key) === held
    })
  }
}

const OPERATOR_DENY: PublishedListing['reasons'] = Object.freeze(['operator_deny' as const])

function isSame(one: PublishedListing, other: PublishedListing): boolean {
  const version = (listing: PublishedListing): number | null => (isScored(listing) ? listing.version : null)
  return version(one) === version(other) && listingText(one) === listingText(other)
}
