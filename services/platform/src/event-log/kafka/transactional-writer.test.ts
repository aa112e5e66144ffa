import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { AppendBatch } from '../event-log.ts'
import { KafkaCodeError } from './failure.ts'
import { SINGLE_OBJECT } from './framing.ts'
import type { OneProducer } from './kafkajs.ts'
import { TransactionalWriter } from './transactional-writer.ts'

const BATCH: AppendBatch = {
  topic: 'tls.negotiations',
  records: [{ key: null, value: Buffer.from('v') }],
  checkpoint: null,
}

/** Producers whose first commit fails after a time; those after it are well. */
function start(lasted: number, failure: Error) {
  let now = 0
  let begun = 0
  const transactionalProducer = (): OneProducer => {
    const own = ++begun
    const transaction = async () => ({
      sendBatch: async () => [{ topicName: 'tls.negotiations', partition: 0, errorCode: 0, baseOffset: '7' }],
      abort: async () => {},
      commit: async () => {
        if (own > 1) return
        now += lasted
        throw failure
      },
    })
    const producer = { connect: async () => {}, transaction, disconnect: async () => {} }
    return { producer: producer as never, end: async () => {} }
  }
  const writer = new TransactionalWriter({
    client: { transactionalProducer, codec: 0 },
    transactionalId: 'mx1',
    topicName: (topic) => topic,
    framing: SINGLE_OBJECT,
    isCommitted: async () => false,
    bounds: { maxRecords: 10, maxBytes: 1000 },
    patience: 60_000,
    attemptTimeout: 60_000,
    transactionTimeout: 10_000,
    now: () => now,
    signal: new AbortController().signal,
    logger: pino({ level: 'silent' }),
  })
  return { writer, producers: () => begun }
}

test('a producer that is fenced at once has been replaced by another collector', async () => {
  const { writer } = start(5, new KafkaCodeError(47, 'commit'))
  await expect(writer.append(BATCH)).rejects.toMatchObject({ code: 'TLSREP_COLLECTOR_FENCED' })
  await expect(writer.append(BATCH)).rejects.toMatchObject({ code: 'TLSREP_COLLECTOR_FENCED' })
})

test('a producer that is fenced after its transaction lasted too long was only too slow, and begins again', async () => {
  const { writer, producers } = start(11_000, new KafkaCodeError(90, 'commit'))
  await writer.append(BATCH)
  expect(producers()).toBe(2)
  expect(writer.counters).toMatchObject({ transactions: 1, transactions_failed: 1, transactions_in_doubt: 1 })
})
