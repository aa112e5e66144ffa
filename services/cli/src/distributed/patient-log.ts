import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import type { Logger } from 'pino'

type ScorersLog = Pick<EventLog, 'append' | 'readCompacted'>

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000

/**
 * A log whose outages are waited out, however long they last, until `signal` is aborted: for who has taken something on that must not be
 * left half done. Appends have to be such as may be written twice.
 */
export function patientLog(log: ScorersLog, logger: Logger, signal: AbortSignal): ScorersLog {
  async function patiently<T>(topic: string, work: () => Promise<T>): Promise<T> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        const result = await work()
        if (wait > FIRST_WAIT_MS) logger.info({ topic }, 'the event log is back')
        return result
      } catch (error) {
        if (!(error instanceof KafkaUnavailable) || signal.aborted) throw error
        if (wait === FIRST_WAIT_MS) logger.warn({ topic, reason: error.message }, 'the event log is away, trying again')
      }
      await sleep(wait, undefined, { signal }).catch(() => {})
    }
  }
  return {
    append: (batch) => patiently(batch.topic, () => log.append(batch)),
    readCompacted: (topic) => patiently(topic, () => log.readCompacted(topic)),
  }
}
