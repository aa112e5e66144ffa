import { OriginalLines } from './dead-letters/original-lines.ts'
import type { CollectorOptions } from './live/collector-options.ts'
import { InputCollector } from './live/input-collector.ts'
import { createPostfixParser } from './parsers/postfix/postfix.ts'

/** In the order in which they are asked whose a program is. */
const PARSERS = [createPostfixParser]

/** A collector, and what it has to say while it runs. */
export interface Collector {
  /**
   * Reads all inputs and appends their events until `signal` is aborted, or every input has ended (standard input does). Then what was read
   * is handed on, for a few seconds at most; the rest is read again at the next start.
   * @throws what an append was rejected with, where it was no outage; InputError of standard input
   */
  run(signal: AbortSignal): Promise<void>
  readonly inputs: readonly InputCollector[]
  readonly counters: Readonly<OriginalLines['counters']>
}

/** Log lines in, events out: inputs → framing → parsers → batches → event log. */
export function createCollector(options: CollectorOptions): Collector {
  const originals = new OriginalLines({
    directory: options.dataDirectory,
    ...(options.deadLinesMaxBytes !== undefined && { maxBytes: options.deadLinesMaxBytes }),
  })
  const inputs = options.inputs.map((input) => new InputCollector(input, options, PARSERS, originals))
  return { inputs, counters: originals.counters, run: (signal) => runAll(inputs, signal) }
}

/** Runs a collector that nobody asks anything. */
export function runCollector(options: CollectorOptions, signal: AbortSignal): Promise<void> {
  return createCollector(options).run(signal)
}

/** One that fails stops the others: what makes an input fail is a bug, or the event log is gone for good. */
async function runAll(inputs: readonly InputCollector[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const runs = inputs.map(async (input) => {
    try {
      await input.run(stop)
    } catch (error) {
      failed.abort()
      throw error
    }
  })
  const results = await Promise.allSettled(runs)
  const failure = results.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
