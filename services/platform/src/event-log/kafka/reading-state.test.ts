import { expect, test } from 'vitest'
import { transactionHangs } from './failure.ts'
import { ReadingState } from './reading-state.ts'

test('what held up a partition is no concern any more when the partitions are shared out anew, were it to none', () => {
  const state = new ReadingState()
  state.assigned(new Map([[3, 7n]]))
  state.hanging = transactionHangs('tls.negotiations', 3, 7n, 60_000)
  state.assigned(new Map())
  expect(state.hanging).toBe(null)
})
