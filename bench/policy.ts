import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PolicyAnswers } from './policy-client.ts'
import type { Report } from './report.ts'

const SECONDS = 20
const LISTINGS = 1_000_000

/** The policy service in a process of its own, asked by a client in another. */
export async function benchPolicy(report: Report): Promise<void> {
  report.heading(`Policy service (${LISTINGS.toLocaleString('en')} listings)`)
  const server = fork(path('./policy-server-run.ts'), [String(LISTINGS)])
  try {
    const [port] = (await once(server, 'message')) as [number]
    const answers = await measurePolicy(port, SECONDS)
    report('policy requests answered', answers.rate, 'requests/s', answers.wanted * 0.99)
    report('  connections', answers.connections, '', null)
    report('policy answer, p50', answers.p50, 'ms', null)
    report.atMost('policy answer, p99', answers.p99, 'ms', 1)
    report('policy answer, p99.9', answers.p999, 'ms', null)
    report('  of the same client and rate, a bare echo, p99', (await measureEcho()).p99, 'ms', null)
  } finally {
    const gone = once(server, 'exit')
    server.disconnect()
    await gone
  }
}

/** Asks the policy service on this port of 127.0.0.1 at the steady rate of the client. */
export async function measurePolicy(port: number, seconds: number): Promise<PolicyAnswers> {
  const client = spawn(process.execPath, [path('./policy-client.ts'), `${port}`, `${seconds}`], {
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

/** What client, kernel and scheduler take by themselves: a server that answers DUNNO to anything. */
async function measureEcho(): Promise<PolicyAnswers> {
  const server = fork(path('./policy-server-run.ts'), ['echo'])
  try {
    const [port] = (await once(server, 'message')) as [number]
    return await measurePolicy(port, SECONDS / 2)
  } finally {
    const gone = once(server, 'exit')
    server.disconnect()
    await gone
  }
}

function path(name: string): string {
  return new URL(name, import.meta.url).pathname
}
