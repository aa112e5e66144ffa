import type { Listing } from '@tlsrep/schemas'

/** The list as it stands, keyed by sender, at one sequence number. Expired listings are not in it. */
export interface ListingSnapshot {
  sequence: bigint
  /** Milliseconds since 1970 UTC at which the snapshot was taken; what expired before it is gone. */
  takenAt: number
  listings: ReadonlyMap<string, Listing>
}

/** What changed since the snapshot before. An output may ignore it and work from the snapshot alone. */
export interface ListingDelta {
  added: readonly Listing[]
  changed: readonly Listing[]
  /** Senders that are no longer listed: delisted, allowed, or expired. */
  removed: readonly string[]
}

/**
 * A way in which MTAs learn the list: DNSBL, policy service, map file, feed. `(snapshot, delta) -> bytes or effect`.
 *
 * Every output holds the same members (one parity test runs over all of them), drops a listing at its own expiry even when nothing
 * else happens, and fails open: an output that cannot answer must look as if nobody were listed.
 */
export interface Output {
  readonly name: string
  /** Takes over a new state of the list; resolves when it is what peers are answered from. */
  publish(snapshot: ListingSnapshot, delta: ListingDelta): Promise<void>
  close(): Promise<void>
}
