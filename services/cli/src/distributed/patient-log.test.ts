import type { AppendBatch, LogRecord } from '@tlsrep/platform/event-log/event-log'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import { expect, test } from 'vitest'
import { type LogPatience, patientLog } from './patient-log.ts'

const BATCH: AppendBatch = { topic: 'tls.listings', records: [{ key: null, value: null }], checkpoint: null }

/** Fails so often with this before it works. */
function logThatFails(times: number, error: Error) {
  let left = times
  const appended: AppendBatch[] = []
  const orFail = <T>(value: T): Promise<T> => (left-- > 0 ? Promise.reject(error) : Promise.resolve(value))
  return {
    appended,
    append: async (batch: AppendBatch): Promise<void> => {
      await orFail(null)
      appended.push(batch)
    },
    readThrough: async (_topic: string, take: (records: readonly LogRecord[]) => void): Promise<void> =>
      take(await orFail(BATCH.records)),
  }
}

function patience(changes: Partial<LogPatience> = {}): LogPatience & { warnings: number } {
  const told = {
    warnings: 0,
    logger: { warn: () => void told.warnings++ },
    signal: new AbortController().signal,
    pause: 0,
    ...changes,
  }
  return told
}

test('an append outlasts outages that are longer than one append waits, and says so each time', async () => {
  const log = logThatFails(5, new KafkaUnavailable('away'))
  const told = patience()
  await patientLog(log, told).append(BATCH)
  expect(log.appended).toEqual([BATCH])
  expect(told.warnings).toBe(5)
})

test('a reading outlasts them too', async () => {
  const log = logThatFails(5, new KafkaUnavailable('away'))
  const read: LogRecord[] = []
  await patientLog(log, patience()).readThrough('tls.listings', (records) => read.push(...records))
  expect(read).toEqual(BATCH.records)
})

test('what is no outage is thrown at once', async () => {
  const log = logThatFails(1, new Error('a bug'))
  await expect(patientLog(log, patience()).append(BATCH)).rejects.toThrow('a bug')
  expect(log.appended).toEqual([])
})

test('a stop ends the waiting with the outage', async () => {
  const stop = new AbortController()
  const log = logThatFails(Number.POSITIVE_INFINITY, new KafkaUnavailable('away'))
  const waiting = patientLog(log, patience({ signal: stop.signal, pause: 3_600_000 })).append(BATCH)
  stop.abort()
  await expect(waiting).rejects.toThrow('away')
})

test('a stop ends a try that gets no answer, after the time that a good one takes', async () => {
  const stop = new AbortController()
  const never = { append: () => new Promise<void>(() => {}), readThrough: async () => {} }
  const waiting = patientLog(never, patience({ signal: stop.signal, grace: 20 })).append(BATCH)
  stop.abort()
  await expect(waiting).rejects.toThrow('no answer in time')
})

test('a stop lets a try end that is under way', async () => {
  const stop = new AbortController()
  const answer = Promise.withResolvers<void>()
  const log = { append: () => answer.promise, readThrough: async () => {} }
  const waiting = patientLog(log, patience({ signal: stop.signal, grace: 60_000 })).append(BATCH)
  stop.abort()
  answer.resolve()
  await expect(waiting).resolves.toBe(undefined)
})
