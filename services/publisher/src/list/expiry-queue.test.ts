import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExpiryQueue } from './expiry-queue.ts'

const moments = fc.array(fc.record({ expires_at: fc.nat(100) }), { maxLength: 60 })

test('what is due comes out in order, the rest stays', () => {
  fc.assert(
    fc.property(moments, fc.nat(100), (entries, now) => {
      const queue = new ExpiryQueue<{ expires_at: number }>()
      for (const entry of entries) queue.push(entry)
      const due = [...queue.due(now)].map(({ expires_at }) => expires_at)
      const all = entries.map(({ expires_at }) => expires_at).sort((a, b) => a - b)
      expect(due).toEqual(all.filter((moment) => moment <= now))
      expect(queue.next).toBe(all.find((moment) => moment > now) ?? Number.POSITIVE_INFINITY)
    }),
  )
})

test('a queue that was pruned is still in order', () => {
  fc.assert(
    fc.property(moments, (entries) => {
      const queue = new ExpiryQueue<{ expires_at: number }>()
      for (const entry of entries) queue.push(entry)
      queue.prune(({ expires_at }) => expires_at % 2 === 0)
      const left = entries.map(({ expires_at }) => expires_at).filter((moment) => moment % 2 === 0)
      expect([...queue.due(100)].map(({ expires_at }) => expires_at)).toEqual(left.sort((a, b) => a - b))
    }),
  )
})

test('what never ends is not waited for', () => {
  const queue = new ExpiryQueue<{ expires_at: number }>()
  queue.push({ expires_at: Number.POSITIVE_INFINITY })
  expect(queue.size).toBe(0)
})
