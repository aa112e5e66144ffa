import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { defaultPolicy } from '@tlsrep/core/policy/parse-policy'
import { createEncoder, type Listing } from '@tlsrep/schemas'
import { openLog } from '../test/support/kafka/records.ts'
import { DnsProbe } from './dns-probe.ts'
import { startInstance } from './instance.ts'
import {
  cpuOf,
  pidsOf,
  prepareServices,
  type Services,
  type Stage,
  scoringRate,
  untilCollected,
  untilPublished,
  untilScored,
} from './kafka-services.ts'
import { LiveLog } from './live-log.ts'
import { makeMixedLog } from './make-log.ts'
import { memoryOf } from './process-figures.ts'
import { median, quantile, type Report } from './report.ts'
import { addressOf } from './session-lines.ts'
import { slowProxy } from './slow-proxy.ts'
import { writeSessions } from './write-sessions.ts'

/*
 * The distributed shape, with broker, ClickHouse and services on this machine.
 */

const CORES = 2
const POLICY_HASH = defaultPolicy().hash
const LIVE_SESSIONS_PER_SECOND = 2000
const MARKED_PER_SECOND = 10
const WARM_UP_MS = 5000
const POLL_MS = 5
const PATIENCE_MS = 20_000
const REST_MS = 20_000
/** What a start leaves to do is done by then, and the memory for it given back. */
const SETTLED_MS = 40_000
/** Scorers that start together share the partitions from the first batch on; brokers of tests do not wait for it. */
const KAFKAS_OWN = { 'group.initial.rebalance.delay.ms': '3000' }
/** Milliseconds that each request to a slow ClickHouse takes longer. */
const SLOW_MS = 300

export async function benchKafkaFile(report: Report, folder: string, wanted: number): Promise<void> {
  const log = join(folder, 'kafka.log')
  const { lines } = makeMixedLog(log, wanted, Date.now())
  report.heading(`File to listing on Kafka, beside the embedded shape (${lines.toLocaleString('en')} lines)`)
  const services = await prepareServices(log)
  const { installation, collector, scorer, publisher } = services
  try {
    await Promise.all([scorer.start(), publisher.start()])
    const before = cpuOf(pidsOf(services))
    collector.spawn()
    const from = performance.now()
    await collector.ready()
    const events = await untilCollected(collector)
    const collected = (performance.now() - from) / 1000
    await untilScored([scorer], events)
    const listings = await untilPublished(services)
    const seconds = (performance.now() - from) / 1000
    const rate = lines / seconds
    report('file to listing on Kafka, start of the collector included', rate, 'lines/s', 100_000)
    report('  read and durable in Kafka', lines / collected, 'lines/s', null)
    report('  events stored', events / seconds, 'events/s', null)
    report('  listings', listings, '', null)
    tellStages(report, before, cpuOf(pidsOf(services)), seconds)
    tellMemory(report, services, 'peak')
    await benchEmbedded(report, folder, log, rate)
  } finally {
    await installation.dispose()
  }
}

/** Each stage's share of the processor time that all of them took. */
function tellStages(report: Report, before: Map<Stage, number>, after: Map<Stage, number>, seconds: number): void {
  const used = [...after].map(([stage, cpu]) => [stage, cpu - (before.get(stage) ?? 0)] as const)
  const all = used.reduce((sum, [, cpu]) => sum + cpu, 0)
  report('  both cores together', (all / seconds / CORES) * 100, '%', null)
  for (const [stage, cpu] of used) report(`    ${stage}, share of the processor time`, (cpu / all) * 100, '%', null)
}

async function benchEmbedded(report: Report, folder: string, log: string, kafkaRate: number): Promise<void> {
  const instance = await startInstance(join(folder, 'embedded'), log)
  try {
    const { lines, seconds } = await instance.caughtUp()
    report('the same log, embedded', lines / seconds, 'lines/s', null)
    report('  Kafka as a share of it', kafkaRate / (lines / seconds), '', null)
  } finally {
    await instance.stop()
  }
}

export async function benchKafkaLatency(report: Report, folder: string, seconds: number): Promise<void> {
  report.heading(`Log line to DNSBL answer on Kafka (${LIVE_SESSIONS_PER_SECOND} sessions/s for ${seconds} s)`)
  const path = join(folder, 'kafka-live.log')
  writeFileSync(path, '')
  const services = await prepareServices(path)
  const { installation, collector, scorer, publisher } = services
  const decidedAt = new Map<string, number>()
  const waits = new Map<string, number>()
  try {
    await Promise.all([scorer.start(), publisher.start(), collector.start()])
    const probe = await DnsProbe.open(publisher.dnsblPort, (address, listed) => {
      const from = decidedAt.get(address)
      if (listed && from !== undefined && !waits.has(address)) waits.set(address, performance.now() - from)
    })
    const live = new LiveLog({
      path,
      sessionsPerSecond: LIVE_SESSIONS_PER_SECOND,
      markedPerSecond: MARKED_PER_SECOND,
      decided: (address, at) => void decidedAt.set(address, at),
    })
    const poll = setInterval(() => {
      for (const address of decidedAt.keys()) if (!waits.has(address)) probe.ask(address)
    }, POLL_MS)
    live.start()
    await sleep(WARM_UP_MS)
    live.mark(true)
    await sleep(seconds * 1000)
    live.mark(false)
    const deadline = performance.now() + PATIENCE_MS
    // Those that have begun are decided within three seconds.
    await sleep(3500)
    while (waits.size < decidedAt.size && performance.now() < deadline) await sleep(50)
    clearInterval(poll)
    probe.close()
    const times = [...decidedAt.keys()].map((address) => waits.get(address) ?? Number.POSITIVE_INFINITY)
    report('sessions appended', live.sessions / live.seconds, 'sessions/s', LIVE_SESSIONS_PER_SECOND * 0.99)
    report('senders waited for', times.length, '', null)
    report('log line to DNSBL answer on Kafka, p50', median(times), 'ms', null)
    report.atMost('log line to DNSBL answer on Kafka, p99', quantile(times, 0.99), 'ms', 1500)
    live.stop()
    tellMemory(report, services, 'now')
  } finally {
    await installation.dispose()
  }
}

function tellMemory(report: Report, services: Services, when: 'now' | 'peak'): void {
  const pids = pidsOf(services)
  const bounds: Partial<Record<Stage, number>> = { collector: 200, scorer: 300, publisher: 300 }
  for (const [stage, pid] of pids) {
    const name = `  memory of ${stage}${when === 'peak' ? ', the most it ever was' : ''}`
    const bound = bounds[stage]
    if (bound === undefined) report(name, memoryOf(pid)[when], 'MB', null)
    else report.atMost(name, memoryOf(pid)[when], 'MB', bound)
  }
}

export async function benchKafkaSenders(report: Report, folder: string, senders: number): Promise<void> {
  await benchSendersSeen(report, folder, senders)
  await benchSendersListed(report, folder, senders)
}

/** So many senders come by, each with a session, and most do nothing to be listed for. */
async function benchSendersSeen(report: Report, folder: string, senders: number): Promise<void> {
  report.heading(`Memory after ${senders.toLocaleString('en')} distinct senders, on Kafka`)
  const path = join(folder, 'kafka-senders.log')
  writeSessions(path, senders, senders)
  const services = await prepareServices(path)
  try {
    await Promise.all([services.scorer.start(), services.publisher.start(), services.collector.start()])
    await untilScored([services.scorer], await untilCollected(services.collector))
    tellMemory(report, services, 'peak')
  } finally {
    await services.installation.dispose()
    rmSync(path)
  }
}

/** The list is put into its topic as scorers would have written it; then the services are started, and left alone. */
async function benchSendersListed(report: Report, folder: string, senders: number): Promise<void> {
  report.heading(`Memory with all ${senders.toLocaleString('en')} senders on the list, and at rest`)
  const path = join(folder, 'kafka-empty.log')
  writeFileSync(path, '')
  const services = await prepareServices(path)
  const { installation, collector, scorer, publisher } = services
  try {
    const log = await openLog(installation.broker.brokers)
    const encoder = createEncoder('Listing')
    for (let first = 0; first < senders; first += 10_000) {
      const count = Math.min(10_000, senders - first)
      const records = Array.from({ length: count }, (_, i) => {
        const listing = listingOf(`${addressOf(first + i)}/32`)
        return { key: Buffer.from(listing.sender), value: Buffer.from(encoder.encode(listing)) }
      })
      await log.append({ topic: 'tls.listings', records, checkpoint: null })
    }
    await log.close()
    const from = performance.now()
    await publisher.start()
    report('a publisher that reads the whole list is ready after', (performance.now() - from) / 1000, 's', null)
    await Promise.all([scorer.start(), collector.start()])
    await sleep(SETTLED_MS)
    const before = cpuOf(pidsOf(services))
    await sleep(REST_MS)
    for (const [stage, cpu] of cpuOf(pidsOf(services))) {
      const share = ((cpu - (before.get(stage) ?? 0)) / (REST_MS / 1000)) * 100
      if (stage === 'broker' || stage === 'ClickHouse') report(`  ${stage} at rest`, share, '% of a core', null)
      else report.atMost(`  ${stage} at rest`, share, '% of a core', 1)
    }
    tellMemory(report, services, 'now')
  } finally {
    await installation.dispose()
  }
}

function listingOf(sender: string): Listing {
  const now = Date.now()
  const day = Math.floor(now / 86_400_000)
  return {
    sender,
    tier: 'tag',
    listed_at: now,
    updated_at: now,
    expires_at: now + 14 * 86_400_000,
    review_at: null,
    sequence: 1,
    reasons: ['plaintext'],
    lower_bound: 0.4,
    upper_bound: 0.9,
    effective_sessions: 12,
    explanation: 'twelve sessions in clear',
    remedy: 'offer TLS',
    sample_event_ids: [],
    first_evidence_day: day,
    last_evidence_day: day,
    // Else a scorer that starts would score every one of them anew.
    policy_hash: POLICY_HASH,
    scored_at: now,
  }
}

/** The same backlog for one scorer, and for one and two with a slow ClickHouse, each in an installation of its own. */
export async function benchKafkaBacklog(report: Report, folder: string, lines: number): Promise<void> {
  report.heading('A backlog in Kafka, and scorers that share it')
  const path = join(folder, 'kafka-backlog.log')
  writeSessions(path, Math.round(lines / 6), 50_000)
  const { whole: rate } = await backlogRate(path, 1, 0)
  report('a scorer catching up with a backlog, its start included', rate, 'events/s', null)
  report(`  in live rates of ${LIVE_SESSIONS_PER_SECOND} sessions/s`, rate / LIVE_SESSIONS_PER_SECOND, '', 2)
  const { steady: one } = await backlogRate(path, 1, SLOW_MS)
  const { steady: two } = await backlogRate(path, 2, SLOW_MS)
  report(`one scorer under way, where each request takes ${SLOW_MS} ms longer`, one, 'events/s', null)
  report('two scorers', two, 'events/s', null)
  report('  times one', two / one, '', 1.8)
}

/** Events a second: over all of it with the start, and while all scorers are at work. */
async function backlogRate(path: string, count: number, delay: number): Promise<{ whole: number; steady: number }> {
  let close: () => void = () => {}
  let slowUrl: string | null = null
  const clickhouseUrl = (url: string): string => slowUrl ?? url
  const broker = { settings: KAFKAS_OWN }
  const { installation, collector } = await prepareServices(path, { clickhouseUrl, broker })
  try {
    await collector.start()
    const events = await untilCollected(collector)
    await collector.stop()
    if (delay > 0) {
      const proxy = await slowProxy(Number(new URL(installation.server.url).port), delay)
      close = proxy.close
      slowUrl = `http://127.0.0.1:${proxy.port}`
    }
    const scorers = await Promise.all(
      Array.from({ length: count }, (_, i) => installation.service('score', `scorer-${i}`)),
    )
    const from = performance.now()
    await Promise.all(scorers.map((scorer) => scorer.start()))
    const steady = await scoringRate(scorers, events)
    await untilScored(scorers, events)
    return { whole: events / ((performance.now() - from) / 1000), steady }
  } finally {
    await installation.dispose()
    close()
  }
}
