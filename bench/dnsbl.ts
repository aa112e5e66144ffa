import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSender } from '@tlsrep/core/sender/sender-key'
import { ListingTable } from '@tlsrep/publisher/list/listing-table'
import { createDnsbl } from '@tlsrep/publisher/outputs/dnsbl/dnsbl'
import type { PublishedListing } from '@tlsrep/publisher/outputs/output'

/*
 * Queries a second, beside what a datagram costs in any case: a socket that sends back what it gets, in the same process and from the
 * same client (dnsbl-client.ts, a process of its own). Where rbldnsd is installed, beside that too.
 *   node bench/dnsbl.ts
 */

const LISTINGS = 1_000_000
const ROUNDS = 7
const SECONDS = 1
const RBLDNSD_PORT = 25355

export type Report = (name: string, value: number, unit: string, goal: number | null) => void

interface Run {
  rate: number
  /** Microseconds of this process's time for a reply. */
  cpu: number
}

export async function benchDnsbl(report: Report): Promise<void> {
  const echo = await startEcho()
  const dnsbl = await startDnsbl()
  const rbldnsd = startRbldnsd()
  try {
    const echoed: Run[] = []
    const answered: Run[] = []
    const peer: Run[] = []
    for (let round = 0; round < ROUNDS; round++) {
      echoed.push(await run(echo.port))
      answered.push(await run(dnsbl.port))
      if (rbldnsd !== undefined) peer.push(await run(RBLDNSD_PORT))
    }
    const shares = answered.map(({ rate }, round) => rate / (echoed[round]?.rate ?? Number.NaN))
    report('bare dgram echo', median(echoed.map(({ rate }) => rate)), 'replies/s', null)
    report(
      `DNSBL, ${LISTINGS.toLocaleString('en')} listings, half of the answers listed`,
      median(answered.map(({ rate }) => rate)),
      'replies/s',
      null,
    )
    report('  as a share of the echo, median of the rounds', median(shares), '', 0.8)
    report('  time of the process for a reply, echo', median(echoed.map(({ cpu }) => cpu)), 'µs', null)
    report('  time of the process for a reply, DNSBL', median(answered.map(({ cpu }) => cpu)), 'µs', null)
    if (rbldnsd !== undefined) report('rbldnsd, the same list', median(peer.map(({ rate }) => rate)), 'replies/s', null)
  } finally {
    echo.close()
    await dnsbl.close()
    rbldnsd?.close()
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function run(port: number): Promise<Run> {
  const client = spawn(
    process.execPath,
    [new URL('./dnsbl-client.ts', import.meta.url).pathname, `${port}`, `${SECONDS}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let before = process.cpuUsage()
  let output = ''
  client.stdout.on('data', (chunk: Buffer) => {
    if (output === '') before = process.cpuUsage()
    output += chunk.toString()
  })
  await once(client, 'close')
  const used = process.cpuUsage(before)
  const { replies, seconds } = JSON.parse(output.replace('start', '')) as { replies: number; seconds: number }
  return { rate: replies / seconds, cpu: (used.user + used.system) / replies }
}

async function startEcho(): Promise<{ port: number; close(): void }> {
  const socket = createSocket('udp4')
  socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address))
  const listening = once(socket, 'listening')
  socket.bind(0, '127.0.0.1')
  await listening
  return { port: socket.address().port, close: () => void socket.close() }
}

async function startDnsbl(): Promise<{ port: number; close(): Promise<void> }> {
  const listings = new ListingTable()
  for (let i = 0; i < LISTINGS; i++) {
    const sender = listed(i)
    const key = parseSender(sender)
    if (key === undefined) throw new Error(`${sender} is no sender`)
    listings.set(key, {
      sender,
      tier: 'reject',
      reasons: ['plaintext'],
      listed_at: 0,
      expires_at: Number.POSITIVE_INFINITY,
    })
  }
  const dnsbl = await createDnsbl({
    address: '127.0.0.1',
    port: 0,
    zone: 'bl.tlsrep.internal',
    limits: { cap: 'reject', mode: 'reject' },
    lookupPage: null,
    logger: { info: () => {}, warn: () => {}, error: console.error },
    now: Date.now,
  })
  const match = (address: Uint8Array, now: number): PublishedListing | undefined => listings.longest(address, now)
  const rest = { takenAt: 0, contentHash: '', exemptions: new Map(), exempts: () => false }
  await dnsbl.publish({ sequence: 1n, listings, match, ...rest }, { added: [], changed: [], removed: [] })
  return dnsbl
}

/** Every second address from 16.0.0.0 on. */
function listed(i: number): string {
  const address = 0x10000000 + i * 2
  return `${address >>> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}/32`
}

function startRbldnsd(): { close(): void } | undefined {
  if (spawnSync('rbldnsd', ['-h']).error !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'tlsrep-rbldnsd-'))
  chmodSync(folder, 0o755)
  const lines = Array.from({ length: LISTINGS }, (_, i) => listed(i))
  writeFileSync(join(folder, 'list'), `:127.0.0.6:mail in clear\n${lines.join('\n')}\n`)
  const zone = `bl.tlsrep.internal:ip4trie:${join(folder, 'list')}`
  const child: ChildProcess = spawn('rbldnsd', ['-n', '-u', 'nobody', '-b', `127.0.0.1/${RBLDNSD_PORT}`, zone], {
    stdio: 'ignore',
  })
  return {
    close: () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    },
  }
}

if (import.meta.main) {
  await benchDnsbl((name, value, unit, goal) => {
    const verdict = goal === null ? '' : value >= goal ? `met (${goal})` : `MISSED (${goal})`
    console.log(name.padEnd(60), value.toFixed(2).padStart(12), unit.padEnd(10), verdict)
  })
}
