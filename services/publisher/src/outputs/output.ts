import type { Listing } from '@tlsrep/schemas'

/**
 * One sender on the list, as far as an output needs it; the rest of the `Listing` record (arithmetic, remedy, samples) is for `explain`.
 * Never changed once published: a new version is a new object. Two that say the same may be two objects.
 *
 * `tier` is uncapped. An output does not act on it, it asks `appliedTier(listing, limits)` (applied-tier.ts), where its cap and mode are
 * applied. `expires_at` is `Infinity` where an operator denied the sender without an end. `sender` is a canonical prefix
 * (`192.0.2.10/32`, `2001:db8:1:2::/64`, any length) or a domain; outputs that are asked by address pass domains over.
 */
export type PublishedListing = Readonly<Pick<Listing, 'sender' | 'tier' | 'reasons' | 'listed_at' | 'expires_at'>>

/** Listings that stay as they are, whatever becomes of the list. */
export interface SomeListings extends Iterable<PublishedListing> {
  readonly size: number
}

/** The list by sender. A listing is made anew each time it is asked for. */
export interface ListedSenders extends ReadonlyMap<string, PublishedListing> {
  /** What is listed at `now`, as it is at this moment: a copy of some fifty bytes a listing, to be read over many turns. */
  listedAt(now: number): SomeListings
}

/** A prefix that is not listed although a wider one may be: an operator allowed it, or it belongs to a protected pool. */
export interface Exemption {
  readonly sender: string
  readonly cause: 'allowed' | 'protected'
  /** Milliseconds since 1970 UTC; `Infinity` where it has no end. */
  readonly expires_at: number
}

/**
 * The list as it stands at one sequence number. Allow-list, deny-list and protected pools are worked in already, so that for any address
 * the most specific prefix among `listings` and `exemptions` decides, and nothing else does.
 *
 * `listings`, `exemptions` and `match` are views of the one table in memory (a million listings are not copied for every output): they
 * go on to show newer states. Whoever needs one state across an `await` takes what it needs before the first one.
 */
export interface ListingSnapshot {
  /** Strictly increasing, across restarts too; at least the microseconds since 1970 UTC at which the state was published. Not dense. */
  sequence: bigint
  /** Milliseconds since 1970 UTC at which the snapshot was taken; what expired before it is gone. */
  takenAt: number
  /** 16 hexadecimal digits, the same for the same members, tiers and expiries, whatever way led there. */
  contentHash: string
  /** By sender. */
  listings: ListedSenders
  /** By prefix. For outputs that write the list out; `match` knows them. */
  exemptions: ReadonlyMap<string, Exemption>
  /**
   * The listing that holds for an address at `now`: the most specific one that has not expired, undefined where there is none or a more
   * specific exemption stands before it. Every output that is asked by address answers from this, so that they cannot disagree.
   * @param address 16 bytes of network order, IPv4 as ::ffff:a.b.c.d (what `parseAddress` of `@tlsrep/core` gives)
   * @param now milliseconds since 1970 UTC
   */
  match(address: Uint8Array, now: number): PublishedListing | undefined
  /** True when an operator allowed the address or it belongs to a protected pool. */
  exempts(address: Uint8Array, now: number): boolean
}

/** What changed since the snapshot that this output was given before. An output may ignore it and work from the snapshot alone. */
export interface ListingDelta {
  /** In the first delta of an output, the whole list; to be read at once, and once. */
  added: Iterable<PublishedListing>
  changed: readonly PublishedListing[]
  /** Senders that are no longer listed: delisted, allowed, or expired. */
  removed: readonly string[]
}

/**
 * A way in which MTAs learn the list: DNSBL, policy service, map file, feed. `(snapshot, delta) -> bytes or effect`.
 *
 * Every output holds the same members (parity.test-support.ts runs over all of them), drops a listing at its own expiry even when nothing
 * else happens, and fails open: an output that cannot answer must look as if nobody were listed.
 *
 * `publish` is never called again before it has resolved; what changes meanwhile is in the next delta, so a slow output holds up nobody
 * else. A rejection is logged and counted, and the next call carries that delta again. An exemption that changes comes with an empty
 * delta where no listing changed with it.
 */
export interface Output {
  readonly name: string
  /** Takes over a new state of the list; resolves when it is what peers are answered from. */
  publish(snapshot: ListingSnapshot, delta: ListingDelta): Promise<void>
  /** Lets go of sockets and files. A publication under way settles then. */
  close(): Promise<void>
}
