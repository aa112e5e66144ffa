import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SlotHeap } from './slot-heap.ts'

const moment = fc.oneof(fc.nat(50), fc.constant(Number.POSITIVE_INFINITY))
const steps = fc.array(fc.tuple(fc.nat(39), moment), { maxLength: 200 })

test('the slot that comes first is the one whose moment, as it was set last, is the earliest', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const heap = new SlotHeap()
      heap.lengthen(10)
      heap.lengthen(40)
      const expected = new Map<number, number>()
      for (const [slot, at] of all) {
        heap.set(slot, at)
        if (at === Number.POSITIVE_INFINITY) expected.delete(slot)
        else expected.set(slot, at)
        expect(heap.momentOf(slot)).toBe(at)
        expect(heap.size).toBe(expected.size)
        expect(heap.next).toBe(Math.min(Number.POSITIVE_INFINITY, ...expected.values()))
        expect(heap.first).toBe(expected.size === 0 ? -1 : heap.first)
        if (heap.first >= 0) expect(expected.get(heap.first)).toBe(heap.next)
      }
      const order: number[] = []
      while (heap.first >= 0) {
        order.push(heap.next)
        heap.delete(heap.first)
      }
      expect(order).toEqual([...expected.values()].sort((a, b) => a - b))
    }),
  )
})
