import { setImmediate } from 'node:timers/promises'
import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import type { Logger } from '../logger.ts'
import { CollectedListings } from './collected-listings.ts'
import type { EffectiveList } from './effective-list.ts'
import type { BlastRadiusGate, GateDecision } from './gate.ts'
import { createListingReader, createOverrideReader, type ReadListing } from './listing-records.ts'
import type { ScoredListing } from './listing-rows.ts'
import { SenderMap } from './sender-map.ts'

/** A listing that the gate holds back. */
export interface HeldBack extends ScoredListing {
  readonly heldFor: Exclude<GateDecision, 'pass'>
}

export interface IntakeCounters {
  listing_records: number
  override_records: number
  bad_records: number
  gate_held: number
  gate_released: number
}

/**
 * Takes the records of both topics into the list. A record that cannot be read is counted, logged and left out: it must not take the
 * others with it.
 */
export class Intake {
  readonly counters: IntakeCounters = {
    listing_records: 0,
    override_records: 0,
    bad_records: 0,
    gate_held: 0,
    gate_released: 0,
  }
  readonly held = new SenderMap<HeldBack>()
  readonly #list: EffectiveList
  readonly #gate: BlastRadiusGate | null
  readonly #logger: Logger
  #collected: CollectedListings | null = null
  readonly #readListing = createListingReader()
  readonly #readOverride = createOverrideReader()

  constructor(list: EffectiveList, gate: BlastRadiusGate | null, logger: Logger) {
    this.#list = list
    this.#gate = gate
    this.#logger = logger
  }

  /** Keeps what the topic held at the beginning, until all of it is there. */
  async collectListings(records: readonly LogRecord[]): Promise<void> {
    this.#collected ??= new CollectedListings()
    for (const record of records) {
      if (++this.counters.listing_records % SLICE === 0) await setImmediate()
      const found = this.#readListing(record)
      if (found.kind === 'value') this.#collected.set(found.key, found.value)
      else if (found.kind === 'gone') this.#collected.delete(found.key)
      else this.#bad('tls.listings', found.detail)
    }
  }

  /** Takes what was collected, in the order in which the senders came onto the list, so that the gate decides as it did then. */
  async takeCollected(now: number): Promise<void> {
    const collected = this.#collected
    this.#collected = null
    let taken = 0
    for (const value of collected?.inOrder() ?? []) {
      if (++taken % SLICE === 0) await setImmediate()
      const key = parseSender(value.listing.sender)
      if (key !== undefined) this.#takeListing(key, value, now)
    }
  }

  async takeListings(records: readonly LogRecord[], now: number): Promise<void> {
    let taken = 0
    for (const record of records) {
      if (++taken % SLICE === 0) await setImmediate()
      this.counters.listing_records++
      const found = this.#readListing(record)
      if (found.kind === 'value') this.#takeListing(found.key, found.value, now)
      else if (found.kind === 'bad') this.#bad('tls.listings', found.detail)
      else {
        this.held.delete(found.key)
        this.#list.removeScored(found.key, now)
      }
    }
  }

  takeOverrides(records: readonly LogRecord[], now: number): void {
    for (const record of records) {
      this.counters.override_records++
      const found = this.#readOverride(record)
      if (found.kind === 'value') this.#list.setOverride(found.key, found.value, now)
      else if (found.kind === 'bad') this.#bad('tls.overrides', found.detail)
      else this.#list.removeOverride(found.key, now)
    }
  }

  /** Lists what was held back; how many listings that were. */
  release(now: number): number {
    this.#gate?.release(now)
    const held = [...this.held.entries()]
    let released = 0
    for (const [, { heldFor: _, ...listing }] of held) {
      const key = this.#forget(listing.sender)
      if (key === undefined || listing.expires_at <= now) continue
      this.#list.setScored(key, listing, now)
      released++
    }
    this.counters.gate_released += released
    return released
  }

  /** Forgets what came to its end while it was held back. */
  expire(now: number): void {
    for (const listing of [...this.held.values()]) if (listing.expires_at <= now) this.#forget(listing.sender)
  }

  #takeListing(key: SenderKey, { listing, facts }: ReadListing, now: number): void {
    const held = this.held.at(key)
    const known = held ?? this.#list.scored(key)
    if (known !== undefined && known.version >= listing.version) return
    if (held !== undefined) {
      this.held.set(key, { ...listing, heldFor: held.heldFor })
      return
    }
    const decision = known === undefined && listing.expires_at > now ? this.#gate?.decide(facts) : 'pass'
    if (decision === undefined || decision === 'pass') this.#list.setScored(key, listing, now)
    else this.#hold(key, listing, decision)
  }

  #hold(key: SenderKey, listing: ScoredListing, heldFor: HeldBack['heldFor']): void {
    const first = this.held.size === 0
    this.held.set(key, { ...listing, heldFor })
    this.counters.gate_held++
    if (!first) return
    const facts = { sender: listing.sender, tier: listing.tier, reason: heldFor, code: 'TLSREP_LISTINGS_HELD_BACK' }
    this.#logger.error(facts, 'the gate holds back new listings until an operator releases them')
  }

  #forget(sender: string): SenderKey | undefined {
    const key = parseSender(sender)
    if (key !== undefined) this.held.delete(key)
    return key
  }

  #bad(topic: string, detail: string): void {
    this.counters.bad_records++
    if (this.counters.bad_records > BAD_LOGGED) return
    this.#logger.error({ topic, detail }, 'a record cannot be read and is left out')
  }
}

/** Records between two breaths that others get while many are read. */
const SLICE = 2000

/** Bad records logged one by one; beyond, they are counted only. */
const BAD_LOGGED = 100
