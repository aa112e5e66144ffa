import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'

/**
 * ClickHouse cannot take the work now: not reachable, starting, out of memory or disk, too busy, too slow. What became of an insert is
 * not known. The same call may be made again later, an insert with the same token.
 */
export class ClickHouseUnavailable extends Error {
  /** ClickHouse's error code where it answered, e.g. 241 MEMORY_LIMIT_EXCEEDED; null where no answer came. */
  readonly clickhouseCode: number | null

  constructor(message: string, facts: { clickhouseCode: number | null; cause: unknown }) {
    super(message, { cause: facts.cause })
    this.name = 'ClickHouseUnavailable'
    this.clickhouseCode = facts.clickhouseCode
  }
}

export interface RetryOptions {
  /** What is tried, for the log. */
  what: string
  logger: Logger
  /** Ends the waiting; the last outage is thrown then. */
  signal: AbortSignal
  /** Milliseconds; doubled after each try up to `maxDelay`. */
  firstDelay?: number
  maxDelay?: number
}

/** Tries again through an outage, however long; every other failure is thrown at once. */
export async function throughOutages<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { what, logger, signal, firstDelay = 100, maxDelay = 5_000 } = options
  for (let delay = firstDelay, tries = 1; ; delay = Math.min(2 * delay, maxDelay), tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ClickHouseUnavailable) || signal.aborted) throw error
      logger.warn(
        { what, tries, retry_in_ms: delay, reason: error.message },
        'ClickHouse is not available, trying again',
      )
      const waited = await sleep(delay, true, { signal }).catch(() => false)
      if (!waited) throw error
    }
  }
}
