import { join } from 'node:path'
import { startInstance } from './instance.ts'
import type { Reading } from './instance-messages.ts'
import { makeMixedLog } from './make-log.ts'
import { benchPeers } from './peers.ts'
import type { Report } from './report.ts'

const CORES = 2

/** A mixed log through the whole embedded shape: evidence, scores, listings and outputs included. Once plain, once with the profiler. */
export async function benchFileToClickHouse(report: Report, folder: string, lines: number): Promise<void> {
  const log = join(folder, 'live.log')
  const made = makeMixedLog(log, lines, Date.now())
  report.heading(`File to ClickHouse, evidence and listings included (${made.lines.toLocaleString('en')} lines)`)
  const reading = await read(join(folder, 'plain'), log, false)
  const rate = reading.lines / reading.seconds
  report('file to ClickHouse, on both cores', rate, 'lines/s', 150_000)
  report('  the goal', rate, 'lines/s', 300_000)
  report('  events stored', reading.state.events / reading.seconds, 'events/s', null)
  report('  batches', reading.state.batches, '', null)
  report('  senders scored', reading.state.scored, '', null)
  report('  listings', reading.state.listings, '', null)
  report('  ids that had to be looked up', reading.state.idsLookedUp, '', null)
  tellProcessors(report, reading)
  tellCalls(report, reading)
  tellProfile(report, await read(join(folder, 'profiled'), log, true))
  benchPeers(report, folder, log, rate)
}

async function read(folder: string, log: string, profiled: boolean): Promise<Reading> {
  const instance = await startInstance(folder, log, profiled)
  try {
    return await instance.caughtUp()
  } finally {
    await instance.stop()
  }
}

function tellProcessors(report: Report, { seconds, cpu, gcSeconds, lines }: Reading): void {
  const perLine = (spent: number): number => (spent / lines) * 1e6
  report('  processor time: main thread of the services', perLine(cpu.mainThread), 'µs/line', null)
  report('    their other threads (compiling, collecting)', perLine(cpu.services - cpu.mainThread), 'µs/line', null)
  report('    ClickHouse', perLine(cpu.clickhouse), 'µs/line', null)
  report('  services: share of one core', (cpu.services / seconds) * 100, '%', null)
  report('    garbage collection, share of the time', (gcSeconds / seconds) * 100, '%', null)
  report('  ClickHouse: share of one core', (cpu.clickhouse / seconds) * 100, '%', null)
  report('  both cores together', ((cpu.services + cpu.clickhouse) / seconds / CORES) * 100, '%', null)
}

/** The scorer does one thing at a time, so these times add up; lines are read and parsed meanwhile. */
function tellCalls(report: Report, { seconds, calls }: Reading): void {
  report.note(`calls to ClickHouse, of ${seconds.toFixed(1)} s in all:`)
  for (const [name, { calls: count, seconds: took, bytes }] of calls.toSorted(
    ([, a], [, b]) => b.seconds - a.seconds,
  )) {
    const share = ((took / seconds) * 100).toFixed(1)
    const sent = bytes > 0 ? `${(bytes / 1e6).toFixed(1)} MB` : ''
    report.note(`  ${name.padEnd(40)} ${share.padStart(5)} %  ${String(count).padStart(6)} calls  ${sent}`)
  }
}

function tellProfile(report: Report, { profile, lines, seconds }: Reading): void {
  if (profile === null) return
  const rate = Math.round(lines / seconds).toLocaleString('en')
  report.note(`CPU profile of the services' main thread (a run of its own, ${rate} lines/s):`)
  for (const [room, share] of profile.rooms) {
    if (share >= 0.002) report.note(`  ${room.padEnd(44)} ${(share * 100).toFixed(1).padStart(5)} %`)
  }
  report.note('the functions that cost most:')
  for (const [name, share] of profile.functions.slice(0, 25)) {
    report.note(`  ${name.padEnd(72)} ${(share * 100).toFixed(1).padStart(5)} %`)
  }
}
