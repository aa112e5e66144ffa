import { setTimeout as sleep } from 'node:timers/promises'
import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { endedBy } from '@tlsrep/platform/event-log/kafka/attempts'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import type { Logger } from 'pino'

export interface LogPatience {
  logger: Pick<Logger, 'warn'>
  /** Ends the waiting; what is under way then rejects. */
  signal: AbortSignal
  /** Milliseconds between the end of one try, which is patient itself, and the next. */
  pause?: number
  /** Milliseconds for which a try that is under way may go on after the signal; default 4000, since a stop takes no more than ten seconds. */
  grace?: number
}

type Log = Pick<EventLog, 'append' | 'readThrough'>

/**
 * A log that waits out Kafka's outages, however long. For a scorer: what it has begun is stored, so that it can as well wait where it is,
 * and what it appends may be appended again, since listings have a key and dead letters are looked up.
 */
export function patientLog(log: Log, { logger, signal, pause = 1000, grace = 4000 }: LogPatience): Log {
  const over = after(signal, grace)
  const outlast = async <T>(what: string, attempt: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await endedBy(over, attempt())
      } catch (error) {
        if (!(error instanceof KafkaUnavailable) || signal.aborted) throw error
        logger.warn({ what, reason: error.message }, 'Kafka is not available, trying again')
        const waited = await sleep(pause, true, { signal }).catch(() => false)
        if (!waited) throw error
      }
    }
  }
  return {
    append: (batch) => outlast(`writing to ${batch.topic}`, () => log.append(batch)),
    // What was given before an outage is given again: of each key the newest still comes last.
    readThrough: (topic, take) => outlast(`reading ${topic}`, () => log.readThrough(topic, take)),
  }
}

/** Aborted so many milliseconds after another signal. */
function after(signal: AbortSignal, ms: number): AbortSignal {
  const later = new AbortController()
  const begin = (): void => void setTimeout(() => later.abort(), ms).unref()
  if (signal.aborted) begin()
  else signal.addEventListener('abort', begin, { once: true })
  return later.signal
}
