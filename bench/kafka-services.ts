import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Installation, type InstallationOptions } from '../test/support/services/installation.ts'
import type { ServiceProcess } from '../test/support/services/service-process.ts'
import { cpuSeconds } from './process-figures.ts'

const LOOK_MS = 250
const STAGES = ['collector', 'broker', 'scorer', 'ClickHouse', 'publisher'] as const
export type Stage = (typeof STAGES)[number]

/** The distributed shape with one service of each kind, of which the collector is not started yet. */
export interface Services {
  installation: Installation
  collector: ServiceProcess
  scorer: ServiceProcess
  publisher: ServiceProcess
}

/** Outputs may do everything (mode and cap `reject`), and the gate is off, so that what is measured is not held back. */
export async function prepareServices(log: string, options: Partial<InstallationOptions> = {}): Promise<Services> {
  const publisher = { mode: 'reject', cap: 'reject' }
  const installation = await Installation.start({ logs: [log], publisher, ...options })
  return {
    installation,
    collector: await installation.service('collect', 'collector'),
    scorer: await installation.service('score', 'scorer'),
    publisher: await installation.service('publish', 'publisher'),
  }
}

/** Processes of the stages that run. */
export function pidsOf({ installation, collector, scorer, publisher }: Services): Map<Stage, number> {
  const pids: Record<Stage, number | null> = {
    collector: collector.pid,
    broker: brokerPid(),
    scorer: scorer.pid,
    ClickHouse: installation.server.pid,
    publisher: publisher.pid,
  }
  return new Map(STAGES.flatMap((stage) => (pids[stage] === null ? [] : [[stage, pids[stage]] as const])))
}

export function cpuOf(pids: ReadonlyMap<Stage, number>): Map<Stage, number> {
  return new Map([...pids].map(([stage, pid]) => [stage, cpuSeconds(pid)]))
}

/** The broker's process is a child of this one; a container's is nobody's that we can see. */
function brokerPid(): number | null {
  for (const task of readdirSync('/proc/self/task')) {
    const children = readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    const broker = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('kafka.Kafka'))
    if (broker !== undefined) return broker
  }
  return null
}

/** Of all that the log has: lines are read, sessions are durable in Kafka. @returns events */
export async function untilCollected(collector: ServiceProcess): Promise<number> {
  for (;;) {
    const metrics = await collector.metrics()
    const figure = (name: string): number => metrics.get(`tlsrep_${name}{component="collector"}`) ?? 0
    const sent = figure('sent_events_total')
    if (sent > 0 && figure('behind_bytes') === 0 && sent === figure('emitted_events_total')) return sent
    await sleep(LOOK_MS)
  }
}

/** Until so many events, those that the log repeats included, are stored, scored and published by these scorers together. */
const RECEIVED = 'tlsrep_received_events_total{component="scorer"}'
const MEASURED_SHARE = 0.85

export async function untilScored(scorers: readonly ServiceProcess[], events: number): Promise<void> {
  for (;;) {
    let received = 0
    let lag = 0
    for (const scorer of scorers) {
      const metrics = await scorer.metrics()
      received += metrics.get(RECEIVED) ?? 0
      for (const [name, value] of metrics) if (isEventLag(name)) lag += value
    }
    // The position moves when the whole batch is done.
    if (received >= events && lag === 0) return
    await sleep(LOOK_MS)
  }
}

/**
 * Events a second from when each scorer has got its first batch until one that is a share of all of them has come: neither the start nor
 * the end, where some have nothing left to do.
 */
export async function scoringRate(scorers: readonly ServiceProcess[], events: number): Promise<number> {
  let first: { at: number; received: number } | null = null
  for (;;) {
    const counts = await Promise.all(scorers.map(async (scorer) => (await scorer.metrics()).get(RECEIVED) ?? 0))
    const received = counts.reduce((sum, count) => sum + count, 0)
    const at = performance.now()
    if (first === null && counts.every((count) => count > 0)) first = { at, received }
    if (first !== null && received >= MEASURED_SHARE * events) {
      return (received - first.received) / ((at - first.at) / 1000)
    }
    await sleep(LOOK_MS)
  }
}

function isEventLag(name: string): boolean {
  return name.startsWith('tlsrep_kafka_consumer_lag') && name.includes('topic="tls.negotiations"')
}

/** Until the publisher has as many listings as there are. */
export async function untilPublished({ scorer, publisher }: Services): Promise<number> {
  const listings = async (service: ServiceProcess, component: string): Promise<number> =>
    (await service.metrics()).get(`tlsrep_listings{component="${component}"}`) ?? 0
  for (;;) {
    const wanted = await listings(scorer, 'scorer')
    if ((await listings(publisher, 'publisher')) === wanted) return wanted
    await sleep(LOOK_MS)
  }
}
