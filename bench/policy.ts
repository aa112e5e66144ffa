import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Pacing, PER_SECOND, type PolicyAnswers } from './policy-client.ts'
import { cpuSeconds } from './process-figures.ts'
import { quantile, type Report } from './report.ts'

const TURNS = 4
const SECONDS = 5
const LISTINGS = 1_000_000

interface Served {
  readonly server: ChildProcess
  readonly port: number
  readonly times: number[]
  readonly rates: number[]
  readonly late: number[]
  asked: number
  cpuSeconds: number
}

/**
 * The policy service in a process of its own, asked by a client in another, in turn with what client, kernel and scheduler take by
 * themselves: a server that answers DUNNO to anything.
 */
export async function benchPolicy(report: Report): Promise<void> {
  report.heading(`Policy service (${LISTINGS.toLocaleString('en')} listings)`)
  const service = await serve(String(LISTINGS))
  const echo = await serve('echo')
  try {
    for (let turn = 0; turn < TURNS; turn++) for (const served of [echo, service]) await ask(served)
    const rate = service.rates.reduce((sum, one) => sum + one, 0) / TURNS
    report('policy requests answered', rate, 'requests/s', PER_SECOND * 0.99)
    report('policy answer, p50', milliseconds(service, 0.5), 'ms', null)
    report.atMost('policy answer, p99', milliseconds(service, 0.99), 'ms', 1)
    report('policy answer, p99.9', milliseconds(service, 0.999), 'ms', null)
    report('  the client was late in asking by, p99, worst turn', Math.max(...service.late), 'ms', null)
    report('  processor time of the service for a request', microseconds(service), 'µs', null)
    report('a bare echo of the same client and rate, p50', milliseconds(echo, 0.5), 'ms', null)
    report('  p99', milliseconds(echo, 0.99), 'ms', null)
    report('  p99.9', milliseconds(echo, 0.999), 'ms', null)
    report('  processor time for a request', microseconds(echo), 'µs', null)
  } finally {
    await Promise.all([service, echo].map(end))
  }
}

async function serve(what: string): Promise<Served> {
  const server = fork(path('./policy-server-run.ts'), [what])
  const [port] = (await once(server, 'message')) as [number]
  return { server, port, times: [], rates: [], late: [], asked: 0, cpuSeconds: 0 }
}

async function ask(served: Served): Promise<void> {
  const { pid } = served.server
  if (pid === undefined) throw new Error('a server that listens has a pid')
  const before = cpuSeconds(pid)
  const { times, rate, late, asked } = await measurePolicy(served.port, SECONDS, 'awake')
  served.cpuSeconds += cpuSeconds(pid) - before
  served.asked += asked
  served.rates.push(rate)
  served.late.push(late)
  for (const time of times) served.times.push(time)
}

function milliseconds({ times }: Served, share: number): number {
  return quantile(times, share) / 1000
}

function microseconds({ cpuSeconds: seconds, asked }: Served): number {
  return (seconds * 1e6) / asked
}

async function end({ server }: Served): Promise<void> {
  const gone = once(server, 'exit')
  server.disconnect()
  await gone
}

/** Asks the policy service on this port of 127.0.0.1 at the steady rate of the client. */
export async function measurePolicy(port: number, seconds: number, pacing: Pacing): Promise<PolicyAnswers> {
  const client = spawn(process.execPath, [path('./policy-client.ts'), `${port}`, `${seconds}`, pacing], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  client.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = await once(client, 'close')
  if (code !== 0) throw new Error(`the client of the policy service ended with ${code}`)
  return JSON.parse(output) as PolicyAnswers
}

function path(name: string): string {
  return new URL(name, import.meta.url).pathname
}
