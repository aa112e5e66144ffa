import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaUnavailable } from './failure.ts'

export interface AttemptOptions {
  now: () => number
  /** Milliseconds after the first try from which on a failed one is the last. */
  patience: number
  /** Ends the waiting; the last failure is thrown then. */
  signal: AbortSignal
  /** Told of each outage. */
  failed(error: KafkaUnavailable): void
}

const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 2000

/** Tries again through an outage, for as long as patience lasts; every other failure is thrown at once. */
export async function patiently<T>(options: AttemptOptions, attempt: () => Promise<T>): Promise<T> {
  const { now, patience, signal, failed } = options
  const givingUpAt = now() + patience
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof KafkaUnavailable)) throw error
      failed(error)
      if (signal.aborted || now() + wait > givingUpAt) throw error
      await sleep(wait, undefined, { signal }).catch(() => {})
    }
  }
}

/** As `work` ends, or rejects as soon as the signal is aborted; the work itself goes on then. */
export function endedBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new KafkaUnavailable('no answer in time'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

/** Resolves when `work` has ended, well or not, or after `ms`. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = Promise.withResolvers<void>()
  const timeout = setTimeout(timer.resolve, ms)
  await Promise.race([work.catch(() => {}), timer.promise])
  clearTimeout(timeout)
}
