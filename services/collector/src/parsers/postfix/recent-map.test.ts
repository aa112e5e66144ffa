import { expect, it } from 'vitest'
import { RecentMap } from './recent-map.ts'

it('holds the newest keys and forgets the old ones in bulk', () => {
  const map = new RecentMap<number, number>(10)
  for (let i = 0; i < 1000; i++) map.set(i, i)
  for (let i = 990; i < 1000; i++) expect(map.get(i)).toBe(i)
  expect(map.get(970)).toBeUndefined()
})

it('gives the newest value of a key that was set again, and none after it was deleted', () => {
  const map = new RecentMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('c', 3)
  map.set('a', 4)
  expect(map.get('a')).toBe(4)
  map.delete('a')
  expect(map.get('a')).toBeUndefined()
})

it('names the keys that were set last, in that order, however long they have been known', () => {
  const map = new RecentMap<string, number>(3)
  for (const [value, key] of ['a', 'b', 'c', 'd', 'a', 'b', 'd'].entries()) map.set(key, value)
  const inOrder = [
    ['c', 2],
    ['a', 4],
    ['b', 5],
    ['d', 6],
  ]
  for (const count of [0, 1, 2, 3, 4, 5]) expect(map.newest(count)).toEqual(inOrder.slice(Math.max(0, 4 - count)))
})
