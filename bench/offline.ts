import { spawn, spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { createEncoder, type TlsNegotiation } from '@tlsrep/schemas'
import { makeMixedLog } from './make-log.ts'
import { best, measure } from './measure.ts'
import { scanNaively } from './naive-scanner.ts'
import { writeOpenSessions } from './open-sessions.ts'
import { parseFile } from './parse-log.ts'
import type { Report } from './report.ts'

const RUNS = 3

/** What the offline way costs, beside a naive scanner in the same run: file to events, in this process. */
export async function benchOffline(report: Report, folder: string, lines: number): Promise<void> {
  const log = join(folder, 'mail.log')
  const made = makeMixedLog(log, lines)
  const size = `${made.lines.toLocaleString('en')} lines, ${(made.bytes / 1e6).toFixed(0)} MB`
  report.heading(`Offline: file to events (mixed log of ${size}; best of ${RUNS} runs)`)
  await benchParser(report, log)
  await benchMemory(report, log)
  await benchCommand(report, log, made.lines)
  await benchEncode(report, log)
  benchOpenSessions(report, folder)
}

async function benchParser(report: Report, log: string): Promise<void> {
  const naive = await best(RUNS, () => scanNaively(log))
  const parsed = await best(RUNS, () => parseFile(log, () => {}))
  const naiveRate = naive.result.lines / naive.seconds
  const rate = parsed.result.lines / parsed.seconds
  report('naive indexOf scanner (joins by pid, nothing else)', naiveRate, 'lines/s', null)
  report('file to events, one core', rate, 'lines/s', 1_000_000)
  report('  as a share of the naive scanner', rate / naiveRate, '', 0.5)
  report('  sessions', parsed.result.sessions / parsed.seconds, 'sessions/s', null)
  report('  garbage collection, share of the time', parsed.gcShare * 100, '%', null)
  report.note(`collections: ${parsed.scavenges} minor, ${parsed.majorCollections} major`)
}

async function benchMemory(report: Report, log: string): Promise<void> {
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
  report.atMost('  growth after them', Math.max(0, peakLate - peakEarly), 'MB', 50)
}

async function benchCommand(report: Report, log: string, lines: number): Promise<void> {
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
  report('tlsrep parse > /dev/null', lines / seconds, 'lines/s', 300_000)
}

async function benchEncode(report: Report, log: string): Promise<void> {
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
function benchOpenSessions(report: Report, folder: string): void {
  const open = join(folder, 'open.log')
  writeOpenSessions(open, 1_000_000)
  const run = new URL('./open-sessions-run.ts', import.meta.url).pathname
  const { stdout } = spawnSync(process.execPath, ['--expose-gc', run, open], { encoding: 'utf8' })
  const { heap, rss } = JSON.parse(stdout) as { heap: number; rss: number }
  report.atMost('1 M sessions held open: heap after a collection', heap / 1e6, 'MB', 1000)
  report('  resident memory of that process at its most', rss / 1e6, 'MB', null)
}
