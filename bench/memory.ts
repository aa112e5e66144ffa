import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startInstance } from './instance.ts'
import { memoryOf } from './process-figures.ts'
import type { Report } from './report.ts'
import { writeSessions } from './write-sessions.ts'

const BOUND_MB = 1200
const REST_MS = 15_000

/** Resident memory of the services' process and of ClickHouse together: when nothing has come, and after so many distinct senders. */
export async function benchMemory(report: Report, folder: string, senders: number): Promise<void> {
  report.heading('Memory of all processes')
  const empty = join(folder, 'empty.log')
  writeFileSync(empty, '')
  const resting = await startInstance(join(folder, 'resting'), empty)
  await sleep(REST_MS)
  report.atMost('at rest', told(report, resting.pids, 'now'), 'MB', BOUND_MB)
  await resting.stop()

  const log = join(folder, 'senders.log')
  writeSessions(log, senders, senders)
  const instance = await startInstance(join(folder, 'senders'), log)
  try {
    const { lines, seconds, state } = await instance.caughtUp()
    report('  sessions, each of a sender of its own', state.events, '', null)
    report('  read at', lines / seconds, 'lines/s', null)
    const name = `after ${senders.toLocaleString('en')} distinct senders`
    report.atMost(name, told(report, instance.pids, 'now'), 'MB', BOUND_MB)
    report('  the most that each ever was, together', told(report, instance.pids, 'peak'), 'MB', null)
    await sleep(REST_MS)
    report.atMost(`  and ${REST_MS / 1000} s later`, told(report, instance.pids, 'now'), 'MB', BOUND_MB)
  } finally {
    await instance.stop()
  }
}

function told(report: Report, pids: readonly number[], when: 'now' | 'peak'): number {
  const [services = 0, clickhouse = 0] = pids.map((pid) => memoryOf(pid)[when])
  report.note(`services ${services.toFixed(0)} MB, ClickHouse ${clickhouse.toFixed(0)} MB`)
  return services + clickhouse
}
