import { expect, test } from 'vitest'
import type { AppendBatch } from '../event-log.ts'
import { AppendQueue } from './append-queue.ts'
import { SMALL_SENDS, sendsOf } from './messages.ts'

const batch = (values: readonly string[], checkpoint: string | null = null): AppendBatch => ({
  topic: 'tls.negotiations',
  records: values.map((value) => ({ key: Buffer.from('k'), value: Buffer.from(value) })),
  checkpoint: checkpoint === null ? null : { key: Buffer.from('c'), value: Buffer.from(checkpoint) },
})
const sizes = (group: readonly AppendBatch[]): number[] => group.map(({ records }) => records.length)

test('appends that come while one is written go out together, within bounds, whole and in order', async () => {
  const groups: number[][] = []
  const gate = Promise.withResolvers<void>()
  const queue = new AppendQueue({ maxRecords: 5, maxBytes: 1000 }, async (group) => {
    groups.push(sizes(group))
    await gate.promise
  })
  const first = queue.append(batch(['a']))
  await new Promise((resolve) => setImmediate(resolve))
  const rest = [['b', 'c'], ['d', 'e'], ['f', 'g'], Array(9).fill('h'), ['x'.repeat(2000)], ['i']].map((values) =>
    queue.append(batch(values)),
  )
  gate.resolve()
  await Promise.all([first, ...rest, queue.drain()])
  expect(groups).toEqual([[1], [2, 2], [2], [9], [1], [1]])
})

test('a group that fails is refused as a whole; those behind it go on', async () => {
  let fail = true
  const queue = new AppendQueue({ maxRecords: 100, maxBytes: 1000 }, async () => {
    if (fail) throw new Error('away')
  })
  const refused = await Promise.allSettled([queue.append(batch(['a'])), queue.append(batch(['b']))])
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  fail = false
  await queue.append(batch(['c']))
})

test('a send holds no more than a broker takes, and only the newest checkpoint of an input', () => {
  const large = 'x'.repeat(300_000)
  const sends = sendsOf(
    [
      batch([large, large, large], 'older'),
      batch(
        Array.from({ length: 1500 }, (_, i) => `${i}`),
        'newer',
      ),
    ],
    (topic) => topic,
    SMALL_SENDS,
  )
  const counts = sends.map((send) => send.map(({ topic, messages }) => `${topic} ${messages.length}`))
  expect(counts).toEqual([
    ['tls.negotiations 2'],
    ['tls.negotiations 1000'],
    ['tls.negotiations 501', 'tls.checkpoints 1'],
  ])
  expect(String(sends.at(-1)?.[1]?.messages[0]?.value)).toBe('newer')
})
