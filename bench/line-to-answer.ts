import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DnsProbe } from './dns-probe.ts'
import { type Instance, startInstance } from './instance.ts'
import { LiveLog } from './live-log.ts'
import { measurePolicy } from './policy.ts'
import { cpuSeconds } from './process-figures.ts'
import { median, quantile, type Report } from './report.ts'

const SESSIONS_PER_SECOND = 2000
const MARKED_PER_SECOND = 10
const WARM_UP_MS = 5000
/** How often every sender that waits is asked for: so exact is a figure. */
const POLL_MS = 5
/** Longest that a listing is waited for after its lines. */
const PATIENCE_MS = 20_000
const ALLOWS = 7

/**
 * A log grows at a steady rate, and marked senders in it come onto the list: from the append of the lines that decide to the first answer
 * of the DNSBL. Then, in the same instance, an operator frees some of them.
 */
export async function benchLineToAnswer(report: Report, folder: string, seconds: number): Promise<void> {
  report.heading(`Log line to DNSBL answer (${SESSIONS_PER_SECOND.toLocaleString('en')} sessions/s for ${seconds} s)`)
  const path = join(folder, 'live.log')
  writeFileSync(path, '')
  const instance = await startInstance(join(folder, 'latency'), path)
  const decidedAt = new Map<string, number>()
  const waits = new Map<string, number>()
  const probe = await DnsProbe.open(instance.ports.dnsbl, (address, listed) => {
    const from = decidedAt.get(address)
    if (!listed || from === undefined || waits.has(address)) return
    waits.set(address, performance.now() - from)
  })
  const decided = (address: string, at: number): void => void decidedAt.set(address, at)
  const live = new LiveLog({
    path,
    sessionsPerSecond: SESSIONS_PER_SECOND,
    markedPerSecond: MARKED_PER_SECOND,
    decided,
  })
  const poll = setInterval(() => {
    for (const address of decidedAt.keys()) if (!waits.has(address)) probe.ask(address)
  }, POLL_MS)
  try {
    live.start()
    await sleep(WARM_UP_MS)
    const before = { cpu: instance.pids.map(cpuSeconds), seconds: live.seconds }
    live.mark(true)
    await sleep(seconds * 1000)
    live.mark(false)
    const took = live.seconds - before.seconds
    const cpu = instance.pids.map((pid, index) => (cpuSeconds(pid) - (before.cpu[index] ?? 0)) / took)
    await allAnswered(decidedAt, waits)
    clearInterval(poll)
    const times = [...decidedAt.keys()].map((address) => waits.get(address) ?? Number.POSITIVE_INFINITY)
    report('sessions appended', live.sessions / live.seconds, 'sessions/s', SESSIONS_PER_SECOND * 0.99)
    report('senders waited for', times.length, '', null)
    report('log line to DNSBL answer, p50', median(times), 'ms', null)
    report.atMost('log line to DNSBL answer, p99', quantile(times, 0.99), 'ms', 1000)
    report('  the slowest', Math.max(...times), 'ms', null)
    report('  services, share of a core', (cpu[0] ?? 0) * 100, '%', null)
    report('  ClickHouse, share of a core', (cpu[1] ?? 0) * 100, '%', null)
    const policy = await measurePolicy(instance.ports.policy, Math.min(10, seconds), 'sleeping')
    report('policy answer meanwhile, p50', quantile(policy.times, 0.5) / 1000, 'ms', null)
    report('policy answer meanwhile, p99', quantile(policy.times, 0.99) / 1000, 'ms', null)
    report('  the client was late in asking by, p99', policy.late, 'ms', null)
    live.stop()
    await benchAllow(report, instance, [...waits.keys()].slice(0, ALLOWS))
  } finally {
    clearInterval(poll)
    probe.close()
    await instance.stop()
  }
}

async function allAnswered(decidedAt: ReadonlyMap<string, number>, waits: ReadonlyMap<string, number>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  await sleep(3500)
  while (waits.size < decidedAt.size && performance.now() < deadline) await sleep(50)
}

/** From the start of the command, and from its request to the instance. */
async function benchAllow(report: Report, instance: Instance, addresses: readonly string[]): Promise<void> {
  report.heading('An operator frees a sender')
  const half = Math.ceil(addresses.length / 2)
  const byCommand: number[] = []
  for (const address of addresses.slice(0, half))
    byCommand.push(await untilGone(instance, address, () => allowByCommand(instance, address)))
  const byRequest: number[] = []
  for (const address of addresses.slice(half))
    byRequest.push(await untilGone(instance, address, () => allowByRequest(instance, address)))
  report('tlsrep allow to the DNSBL answer gone, median', median(byCommand), 'ms', null)
  report('  the slowest', Math.max(...byCommand), 'ms', null)
  report('POST /v1/overrides to the DNSBL answer gone, median', median(byRequest), 'ms', null)
}

async function untilGone(instance: Instance, address: string, allow: () => Promise<void>): Promise<number> {
  const gone = Promise.withResolvers<number>()
  const probe = await DnsProbe.open(instance.ports.dnsbl, (_, listed) => {
    if (!listed) gone.resolve(performance.now())
  })
  const start = performance.now()
  const poll = setInterval(() => probe.ask(address), 1)
  try {
    const [at] = await Promise.all([gone.promise, allow()])
    return at - start
  } finally {
    clearInterval(poll)
    probe.close()
  }
}

async function allowByCommand({ config }: Instance, address: string): Promise<void> {
  const bin = new URL('../services/cli/bin/tlsrep.mjs', import.meta.url).pathname
  const command = [bin, 'allow', address, '--why', 'bench', '--config', config]
  const [code] = await once(spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  if (code !== 0) throw new Error(`tlsrep allow ended with ${code}`)
}

async function allowByRequest({ ports }: Instance, address: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${ports.http}/v1/overrides`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sender: address, action: 'allow', by: 'bench', why: 'bench' }),
  })
  if (!response.ok) throw new Error(`POST /v1/overrides: ${response.status} ${await response.text()}`)
}
