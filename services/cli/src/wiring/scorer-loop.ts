import type { EventLog, SubscribeOptions } from '@tlsrep/platform/event-log/event-log'
import type { Scorer } from '@tlsrep/scorer/scorer'

/** Most time (ms) between two looks at what is due: clocks are set, and machines sleep. */
const LOOK_MS = 1000

/**
 * Feeds a scorer from the event log, and wakes it for listings that are due, until `signal` is aborted.
 * Resolves then; rejects when the scorer fails for good.
 */
export async function runScorer(
  scorer: Scorer,
  eventLog: EventLog,
  options: SubscribeOptions,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const due = wakeForDue(scorer, now, stop)
  const events = eventLog.subscribe('tls.negotiations', options, (batch) => scorer.handle(batch), stop)
  try {
    await Promise.race([due, events])
    await Promise.all([due, events])
  } finally {
    failed.abort()
    await Promise.allSettled([due, events])
  }
}

async function wakeForDue(scorer: Scorer, now: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const at = now()
    const next = scorer.nextDue
    if (next !== null && next <= at) await scorer.runDue(at)
    await pause(LOOK_MS, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
