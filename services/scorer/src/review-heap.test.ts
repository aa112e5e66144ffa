import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReviewHeap } from './review-heap.ts'

describe('the heap of reviews', () => {
  test('gives back who is due, and nobody twice', () => {
    const heap = new ReviewHeap()
    heap.set('a', 30)
    heap.set('b', 10)
    heap.set('c', 20)
    heap.set('a', 5)
    expect(heap.next).toBe(5)
    expect(heap.takeDue(10, 100)).toEqual(['a', 'b'])
    expect(heap.takeDue(15, 100)).toEqual([])
    heap.delete('c')
    expect(heap.next).toBeNull()
  })

  test('agrees with a plain list under any sequence of changes', () => {
    const sender = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), sender, at: fc.nat(50) }),
      fc.record({ do: fc.constant('delete' as const), sender, at: fc.constant(0) }),
      fc.record({ do: fc.constant('take' as const), sender, at: fc.nat(60) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new ReviewHeap()
        const plain = new Map<string, number>()
        for (const { do: what, sender, at } of steps) {
          if (what === 'set') {
            heap.set(sender, at)
            plain.set(sender, at)
          } else if (what === 'delete') {
            heap.delete(sender)
            plain.delete(sender)
          } else {
            const due = [...plain].filter(([, when]) => when <= at).map(([name]) => name)
            expect(heap.takeDue(at, 100).sort()).toEqual(due.sort())
            for (const name of due) plain.delete(name)
          }
          expect(heap.next).toBe(plain.size === 0 ? null : Math.min(...plain.values()))
        }
      }),
    )
  })
})
