import { constants, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks'

export interface Measured<T> {
  result: T
  seconds: number
  /** Share of the time that garbage collection took, 0 to 1. */
  gcShare: number
  scavenges: number
  majorCollections: number
}

/** Runs `work` once and tells how long it took and what the garbage collector had to do with it. */
export async function measure<T>(work: () => T | Promise<T>): Promise<Measured<T>> {
  let gcMs = 0
  let scavenges = 0
  let majorCollections = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      gcMs += entry.duration
      const kind = (entry as PerformanceEntry & { detail?: { kind?: number } }).detail?.kind
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) majorCollections++
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const start = performance.now()
  const result = await work()
  const ms = performance.now() - start
  await new Promise((resolve) => setImmediate(resolve))
  observer.disconnect()
  return { result, seconds: ms / 1000, gcShare: gcMs / ms, scavenges, majorCollections }
}

/** The fastest of `runs`: other work on the machine only ever slows a run down. */
export async function best<T>(runs: number, work: () => T | Promise<T>): Promise<Measured<T>> {
  let fastest = await measure(work)
  for (let run = 1; run < runs; run++) {
    const next = await measure(work)
    if (next.seconds < fastest.seconds) fastest = next
  }
  return fastest
}
