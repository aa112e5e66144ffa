import { lengthened } from './lengthened.ts'

const NOWHERE = 0

/** Slots by the moment at which something is due for each: a binary heap in arrays of numbers, in which a slot can be moved and taken out. */
export class SlotHeap {
  /** By slot. What never comes is kept here and not in the heap. */
  #moments = new Float64Array(0)
  #heap = new Int32Array(0)
  /** By slot: one more than its place in the heap. */
  #places = new Int32Array(0)
  #size = 0

  /** Makes room for slots below `capacity`. */
  lengthen(capacity: number): void {
    this.#moments = lengthened(this.#moments, capacity)
    this.#heap = lengthened(this.#heap, capacity)
    this.#places = lengthened(this.#places, capacity)
  }

  /** Slots that something is due for, some time. */
  get size(): number {
    return this.#size
  }

  /** The slot that comes first; -1 where there is none. */
  get first(): number {
    return this.#size === 0 ? -1 : (this.#heap[0] ?? -1)
  }

  /** Milliseconds since 1970 UTC at which the first one comes; `Infinity` where there is none. */
  get next(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.momentOf(this.first)
  }

  /** Milliseconds since 1970 UTC as it was set last. */
  momentOf(slot: number): number {
    return this.#moments[slot] ?? Number.POSITIVE_INFINITY
  }

  set(slot: number, moment: number): void {
    this.#moments[slot] = moment
    if (moment === Number.POSITIVE_INFINITY) {
      this.#takeOut(slot)
      return
    }
    if (this.#places[slot] === NOWHERE) this.#put(slot, this.#size++)
    this.#settle(slot)
  }

  /** Nothing is due for the slot any more. */
  delete(slot: number): void {
    this.set(slot, Number.POSITIVE_INFINITY)
  }

  #takeOut(slot: number): void {
    const at = (this.#places[slot] ?? NOWHERE) - 1
    if (at < 0) return
    this.#places[slot] = NOWHERE
    const last = this.#heap[--this.#size] ?? -1
    if (last === slot) return
    this.#put(last, at)
    this.#settle(last)
  }

  /** Moves a slot up or down to where its moment belongs. */
  #settle(slot: number): void {
    const moment = this.momentOf(slot)
    let at = (this.#places[slot] ?? 1) - 1
    while (at > 0) {
      const above = this.#heap[(at - 1) >> 1] ?? -1
      if (this.momentOf(above) <= moment) break
      this.#put(above, at)
      at = (at - 1) >> 1
    }
    for (let child = this.#earlierChild(at); child >= 0; child = this.#earlierChild(at)) {
      const below = this.#heap[child] ?? -1
      if (this.momentOf(below) >= moment) break
      this.#put(below, at)
      at = child
    }
    this.#put(slot, at)
  }

  /** The place below `at` whose moment is the earlier one; -1 where there is none. */
  #earlierChild(at: number): number {
    const [left, right] = [2 * at + 1, 2 * at + 2]
    if (left >= this.#size) return -1
    if (right >= this.#size) return left
    return this.momentOf(this.#heap[right] ?? -1) < this.momentOf(this.#heap[left] ?? -1) ? right : left
  }

  #put(slot: number, at: number): void {
    this.#heap[at] = slot
    this.#places[slot] = at + 1
  }
}
