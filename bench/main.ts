import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEncoder, type TlsNegotiation } from '@tlsrep/schemas'
import { makeMixedLog } from './make-log.ts'
import { best, measure } from './measure.ts'
import { scanNaively } from './naive-scanner.ts'
import { writeOpenSessions } from './open-sessions.ts'
import { parseFile } from './parse-log.ts'

/*
 * What the offline way costs, beside a peer in the same run. Figures of a busy machine are of no use: run it alone.
 *   node bench/main.ts [LINES]
 */

const LINES = Number(process.argv[2] ?? 2_000_000)
const RUNS = 3
const folder = mkdtempSync(join(tmpdir(), 'tlsrep-bench-'))
const log = join(folder, 'mail.log')

function report(name: string, value: number, unit: string, goal: number | null): void {
  const figure = value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
  const verdict =
    goal === null ? '' : value >= goal ? `met (${goal.toLocaleString('en')})` : `MISSED (${goal.toLocaleString('en')})`
  console.log(`${name.padEnd(52)} ${figure.padStart(12)} ${unit.padEnd(12)} ${verdict}`)
}

function reportAtMost(name: string, value: number, unit: string, bound: number): void {
  const verdict =
    value <= bound ? `met (at most ${bound.toLocaleString('en')})` : `MISSED (at most ${bound.toLocaleString('en')})`
  console.log(`${name.padEnd(52)} ${value.toFixed(1).padStart(12)} ${unit.padEnd(12)} ${verdict}`)
}

async function benchParser(): Promise<void> {
  const naive = await best(RUNS, () => scanNaively(log))
  const parsed = await best(RUNS, () => parseFile(log, () => {}))
  const naiveRate = naive.result.lines / naive.seconds
  const rate = parsed.result.lines / parsed.seconds
  report('naive indexOf scanner (joins by pid, nothing else)', naiveRate, 'lines/s', null)
  report('file to events, one core', rate, 'lines/s', 1_000_000)
  report('  as a share of the naive scanner', rate / naiveRate, '', 0.5)
  report('  sessions', parsed.result.sessions / parsed.seconds, 'sessions/s', null)
  report('  garbage collection, share of the time', parsed.gcShare * 100, '%', null)
  console.log(`  collections: ${parsed.scavenges} minor, ${parsed.majorCollections} major`)
}

async function benchMemory(): Promise<void> {
  const rss = (): number => process.memoryUsage.rss() / 1e6
  let peakEarly = 0
  let peakLate = 0
  let events = 0
  await parseFile(log, () => {
    if (++events % 1000 !== 0) return
    const now = rss()
    if (events < 100_000) peakEarly = Math.max(peakEarly, now)
    else peakLate = Math.max(peakLate, now)
  })
  report('peak memory in the first 100 k sessions', peakEarly, 'MB', null)
  reportAtMost('  growth after them', Math.max(0, peakLate - peakEarly), 'MB', 50)
}

async function benchCommand(): Promise<void> {
  const bin = new URL('../services/cli/bin/tlsrep.mjs', import.meta.url).pathname
  const { result, seconds } = await measure(
    () =>
      new Promise<number>((resolve, reject) => {
        const sink = openSync('/dev/null', 'w')
        const child = spawn(process.execPath, [bin, 'parse', log], { stdio: ['ignore', sink, 'ignore'] })
        child.on('error', reject)
        child.on('exit', (code) => resolve(code ?? -1))
      }),
  )
  if (result !== 0) throw new Error(`tlsrep parse ended with ${result}`)
  report('tlsrep parse > /dev/null', LINES / seconds, 'lines/s', 300_000)
}

async function benchEncode(): Promise<void> {
  const events: TlsNegotiation[] = []
  await parseFile(log, (event) => {
    if (events.length < 20_000) events.push(event)
  })
  const encoder = createEncoder('TlsNegotiation')
  const { seconds, gcShare } = await best(RUNS + 2, () => {
    for (let round = 0; round < 20; round++) for (const event of events) encoder.encode(event)
  })
  report('encode of the full record, Avro single object', (events.length * 20) / seconds, 'events/s', 600_000)
  report('  garbage collection, share of the time', gcShare * 100, '%', null)
}

/** A million sessions that are all still open, in a process of their own. */
async function benchOpenSessions(): Promise<void> {
  const open = join(folder, 'open.log')
  writeOpenSessions(open, 1_000_000)
  const run = new URL('./open-sessions-run.ts', import.meta.url).pathname
  const { stdout } = spawnSync(process.execPath, ['--expose-gc', run, open], { encoding: 'utf8' })
  const { heap, rss } = JSON.parse(stdout) as { heap: number; rss: number }
  reportAtMost('1 M sessions held open: heap after a collection', heap / 1e6, 'MB', 1000)
  report('  resident memory of that process at its most', rss / 1e6, 'MB', null)
}

const made = makeMixedLog(log, LINES)
console.log(
  `mixed log: ${made.lines.toLocaleString('en')} lines, ${(made.bytes / 1e6).toFixed(0)} MB; best of ${RUNS} runs`,
)
try {
  await benchParser()
  await benchMemory()
  await benchCommand()
  await benchEncode()
  await benchOpenSessions()
} finally {
  rmSync(folder, { recursive: true })
}
