import { readFileSync } from 'node:fs'
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { type Actor, createLifecycle } from '@tlsrep/platform/lifecycle/lifecycle'
import { createLogger } from '@tlsrep/platform/log/logger'
import { Embedded } from '../services/cli/src/embedded/embedded.ts'
import { collected, lag } from '../services/cli/src/wiring/metrics.ts'
import { policyOf } from '../services/cli/src/wiring/policy.ts'
import { startProfile } from './cpu-profile.ts'
import type { FromInstance, InstanceOptions, Reading, State, ToInstance } from './instance-messages.ts'
import { cpuSeconds, threadCpuSeconds } from './process-figures.ts'
import { type CallCost, timeCalls } from './timed-store.ts'

/** Run by the bench: the embedded shape as `tlsrep start` wires it, with an actor among its own that measures it. */
const LOOK_MS = 20

const { config: path, profiled } = JSON.parse(process.argv[2] ?? '') as InstanceOptions
const loaded = loadConfig({ explicitPath: path, cwd: process.cwd(), readFile: (file) => readFileSync(file, 'utf8') })
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
const { config } = loaded
const logger = createLogger(config.log)
const lifecycle = createLifecycle({ logger })
const embedded = new Embedded(
  {
    config,
    configFile: path,
    policy: policyOf(config),
    inputs: () => config.collector.inputs,
    logger,
    version: 'bench',
    now: Date.now,
  },
  lifecycle,
)
const send = (message: FromInstance): void => void process.send?.(message)

function state(): State {
  const { scorer, collector } = embedded.running
  const { senders_scored, listings, pairs_found, ids_looked_up } = scorer.counters
  const { sent_events, sent_batches } = collected(collector)
  return {
    events: sent_events,
    batches: sent_batches,
    scored: senders_scored,
    listings,
    pairs: pairs_found,
    idsLookedUp: ids_looked_up,
  }
}

function childPid(): number {
  const pid = embedded.running.clickhouse.child?.pid
  if (pid == null) throw new Error('there is no ClickHouse child')
  return pid
}

function processors(): Reading['cpu'] {
  return { services: cpuSeconds(process.pid), mainThread: threadCpuSeconds(), clickhouse: cpuSeconds(childPid()) }
}

/** Between all that is needed and the collector: what follows is measured. */
function measuring(calls: ReadonlyMap<string, CallCost>): Actor {
  const stop = new AbortController()
  return {
    name: 'measuring',
    start: async () => {
      const stopProfile = profiled ? await startProfile() : null
      const before = { ...processors(), at: performance.now() }
      const gcSeconds = countGc()
      void caughtUp(stop.signal).then(async (doneAt) => {
        if (stop.signal.aborted) return
        const after = processors()
        const cpu = {
          services: after.services - before.services,
          mainThread: after.mainThread - before.mainThread,
          clickhouse: after.clickhouse - before.clickhouse,
        }
        const profile = stopProfile === null ? null : await stopProfile()
        const seconds = (doneAt - before.at) / 1000
        const reading = { seconds, lines: linesRead(), state: state(), cpu, gcSeconds: gcSeconds(), profile }
        send({ kind: 'caught_up', reading: { ...reading, calls: [...calls] } })
      })
    },
    stop: async () => stop.abort(),
  }
}

/** Resolves with the moment at which all that was read is stored, scored and published. */
async function caughtUp(signal: AbortSignal): Promise<number> {
  for (;;) {
    await sleep(LOOK_MS)
    if (signal.aborted) return Number.NaN
    const { collector } = embedded.running
    if (collector === undefined) continue
    const { behind_bytes, emitted_events } = lag(collector)
    if (emitted_events > 0 && behind_bytes === 0 && collected(collector).sent_events === emitted_events)
      return performance.now()
  }
}

function linesRead(): number {
  const { inputs } = embedded.running.collector
  return inputs.flatMap((input) => input.logs()).reduce((sum, { reconciliation }) => sum + reconciliation.lines.read, 0)
}

function countGc(): () => number {
  let ms = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as PerformanceEntry & { detail?: { kind?: number } }
      // Incremental marking is told of by its steps, and again as a whole.
      if (detail?.kind !== constants.NODE_PERFORMANCE_GC_INCREMENTAL) ms += entry.duration
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => ms / 1000
}

const calls = new Map<string, CallCost>()
const actors: Actor[] = []
for (const actor of embedded.actors) {
  if (actor.name === 'collector') actors.push(measuring(calls))
  actors.push(actor)
  if (actor.name === 'clickhouse')
    actors.push({
      name: 'timing',
      start: async () => timeCalls(embedded.running.clickhouse.clickhouse, calls),
      stop: async () => {},
    })
}
actors.push({
  name: 'bench',
  start: async () => send({ kind: 'started', pids: [process.pid, childPid()] }),
  stop: async () => {},
})
process.on('message', (message: ToInstance) => {
  if (message.kind === 'stop') lifecycle.requestStop('the bench has measured')
  else send({ kind: 'state', state: state() })
})
process.on('disconnect', () => lifecycle.requestStop('the bench is gone'))
process.exitCode = await lifecycle.run(actors)
process.disconnect?.()
