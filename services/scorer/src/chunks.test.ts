import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forChunks, inChunks } from './chunks.ts'

describe('a list in parts', () => {
  test('is gone through whole and in order, no part larger than it may be', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (items, size) => {
        const chunks = [...inChunks(items, size)]
        expect(chunks.flat()).toEqual(items)
        expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= size)).toBe(true)
      }),
    )
  })

  test('is answered in its order, whichever part is done first, with four of them under way at most', async () => {
    let [underWay, most] = [0, 0]
    const parts = Array.from({ length: 11 }, (_, i) => i)
    const answers = await forChunks(parts, 1, async ([part = 0]) => {
      most = Math.max(most, ++underWay)
      for (let turns = 11 - part; turns > 0; turns--) await Promise.resolve()
      underWay--
      return part
    })
    expect(answers).toEqual(parts)
    expect(most).toBe(4)
  })

  test('fails where one part does', async () => {
    const work = async ([part]: readonly number[]): Promise<void> => {
      if (part === 6) throw new Error('of part 6')
    }
    await expect(forChunks([1, 6, 2, 3, 4, 5], 1, work)).rejects.toThrow('of part 6')
  })
})
