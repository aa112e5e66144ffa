import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchIds } from './batch-ids.ts'

test('an id is new once in a batch, whatever its bytes have in common with those of others', () => {
  // Few values, so that ids repeat, and that others begin alike.
  const id = fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 }).map((bytes) => {
    for (let i = 0; i < 12; i++) bytes[i] = 0
    return bytes
  })
  fc.assert(
    fc.property(fc.array(id, { maxLength: 40 }), (ids) => {
      const batch = new BatchIds(ids.length)
      const added = ids.map((one) => batch.add(one))
      const texts = ids.map((one) => one.join())
      expect(added).toEqual(texts.map((text, i) => texts.indexOf(text) === i))
    }),
  )
})
