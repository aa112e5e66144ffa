import { lengthened } from '@tlsrep/core/sender/lengthened'
import { parsePrefix } from '@tlsrep/core/sender/prefix'
import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import { SenderSlots } from '@tlsrep/core/sender/sender-slots'
import { SlotHeap } from '@tlsrep/core/sender/slot-heap'
import type { PublishedListing } from './listing.ts'

type Said = Pick<PublishedListing, 'tier' | 'reasons' | 'policy_hash'>

/**
 * What is remembered of each listing, and when it has to be looked at again, in arrays of numbers: a million listings are some sixty
 * megabytes. What a listing says is one of few combinations, each kept once.
 */
export class ListedSenders {
  readonly #slots: SenderSlots
  readonly #looks = new SlotHeap()
  readonly #said: Said[] = []
  readonly #numberOfSaid = new Map<string, number>()
  #saidAt = new Int32Array(0)
  #listedAt = new Float64Array(0)
  #expiresAt = new Float64Array(0)
  #sequences = new Float64Array(0)

  constructor() {
    this.#slots = new SenderSlots((capacity) => {
      this.#looks.lengthen(capacity)
      this.#saidAt = lengthened(this.#saidAt, capacity)
      this.#listedAt = lengthened(this.#listedAt, capacity)
      this.#expiresAt = lengthened(this.#expiresAt, capacity)
      this.#sequences = lengthened(this.#sequences, capacity)
    })
  }

  get size(): number {
    return this.#slots.size
  }

  /** Milliseconds since 1970 UTC of the next look; null where none is planned. */
  get nextLook(): number | null {
    return this.#looks.size === 0 ? null : this.#looks.next
  }

  has(sender: string): boolean {
    return this.#find(sender) >= 0
  }

  get(sender: string): PublishedListing | undefined {
    const slot = this.#find(sender)
    const said = slot < 0 ? undefined : this.#said[this.#saidAt[slot] ?? 0]
    if (said === undefined) return undefined
    return {
      ...said,
      listed_at: this.#listedAt[slot] ?? 0,
      expires_at: this.#expiresAt[slot] ?? 0,
      sequence: this.#sequences[slot] ?? 0,
    }
  }

  /** @param look when it has to be looked at again, milliseconds since 1970 UTC */
  set(sender: string, listing: PublishedListing, look: number): void {
    const slot = this.#slots.take(keyOf(sender))
    this.#saidAt[slot] = this.#numberOf(listing)
    this.#listedAt[slot] = listing.listed_at
    this.#expiresAt[slot] = listing.expires_at
    this.#sequences[slot] = listing.sequence
    this.#looks.set(slot, look)
  }

  /** Plans the next look at a listing; nothing where there is none. */
  plan(sender: string, look: number): void {
    const slot = this.#find(sender)
    if (slot >= 0) this.#looks.set(slot, look)
  }

  delete(sender: string): void {
    const slot = this.#slots.free(keyOf(sender))
    if (slot >= 0) this.#looks.delete(slot)
  }

  /** Takes out the senders that are due at `now`, at most `limit`: none is planned any more. */
  takeDue(now: number, limit: number): string[] {
    const due: string[] = []
    while (due.length < limit && this.#looks.next <= now) {
      const slot = this.#looks.first
      this.#looks.delete(slot)
      due.push(this.#slots.senderAt(slot))
    }
    return due
  }

  *scoredByOther(policyHash: string): Generator<string, undefined, unknown> {
    for (const slot of this.#slots.slots()) {
      if (this.#said[this.#saidAt[slot] ?? 0]?.policy_hash !== policyHash) yield this.#slots.senderAt(slot)
    }
  }

  /** Asked for each session, so how an address is spelled is looked at only where one is found. */
  #find(sender: string): number {
    const key = parseSender(sender)
    const slot = key === undefined ? -1 : this.#slots.find(key)
    if (key !== undefined && key.kind !== 'v6') return slot
    return slot >= 0 && this.#slots.senderAt(slot) === sender ? slot : this.#slots.find({ kind: 'name', name: sender })
  }

  #numberOf({ tier, reasons, policy_hash }: Said): number {
    const text = `${tier} ${reasons} ${policy_hash}`
    const known = this.#numberOfSaid.get(text)
    if (known !== undefined) return known
    const number = this.#said.push({ tier, reasons, policy_hash }) - 1
    this.#numberOfSaid.set(text, number)
    return number
  }
}

/** A sender that another writer has spelled in its own way is kept as it is spelled: its evidence is. */
function keyOf(sender: string): SenderKey {
  const key = parseSender(sender)
  // Of an IPv4 prefix there is one spelling.
  const isCanonical = key !== undefined && (key.kind !== 'v6' || parsePrefix(sender)?.text === sender)
  return isCanonical ? key : { kind: 'name', name: sender }
}
