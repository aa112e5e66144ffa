import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectGarbage } from './collect-garbage.ts'

test('what nobody holds is gone afterwards, whatever V8 would have done', async () => {
  const made = (): WeakRef<Float64Array> => new WeakRef(new Float64Array(1_000_000))
  const left = made()
  // What a WeakRef was made of lives until the turn is over.
  await setImmediate()
  collectGarbage()
  expect(left.deref()).toBeUndefined()
})
