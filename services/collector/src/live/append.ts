import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { AppendBatch, EventLog, Topic } from '@tlsrep/platform/event-log/event-log'
import type { Troubles } from './troubles.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000

/** The signal was aborted before the event log had taken it: it is read again at the next start. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp'
}

export interface AppenderOptions {
  eventLog: Pick<EventLog, 'append'>
  /** Whether an append failed for something that passes, so that it is worth trying again. */
  isOutage: (error: unknown) => boolean
  troubles: Troubles
  counters: { append_failures: number }
  /** Aborted: nothing is tried again. */
  signal: AbortSignal
}

/** Appends, however long the event log is away: the same records again and again, and nothing else before they are stored. */
export class Appender {
  readonly #options: AppenderOptions

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** @throws what the append was rejected with, where that is no outage; GivenUp */
  async append(batch: AppendBatch): Promise<void> {
    await this.patiently(batch.topic, () => this.#options.eventLog.append(batch))
  }

  /** Does something with the event log again and again until it is not away. @throws as `append` does */
  async patiently<T>(topic: Topic, work: () => Promise<T>): Promise<T> {
    const { isOutage, troubles, counters, signal } = this.#options
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        const result = await work()
        troubles.over(topic)
        return result
      } catch (error) {
        if (!isOutage(error)) throw error
        if (signal.aborted) throw new GivenUp('stopped before it was done', { cause: error })
        counters.append_failures++
        troubles.met(topic, notStored(topic, error))
      }
      await sleep(wait, undefined, { signal }).catch(() => {})
    }
  }
}

function notStored(topic: Topic, cause: unknown): OperatorError {
  return new OperatorError({
    code: 'TLSREP_EVENTS_NOT_STORED',
    message: `The event log is away: ${cause instanceof Error ? cause.message : String(cause)}. It is tried again until it can.`,
    where: topic,
    remedy:
      'See to the event log (embedded: to ClickHouse). The collector waits, reads no further meanwhile, and loses nothing.',
    cause,
  })
}
