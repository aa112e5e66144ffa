import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from './report.ts'

/** Bytes of the log that the peers are given: they take their time. */
const PART = 25_000_000

/** What others make of the same lines, where they are installed. Neither joins sessions or knows TLS. */
export function benchPeers(report: Report, folder: string, log: string, ownRate: number): void {
  const part = join(folder, 'part.log')
  const lines = copyPart(log, part)
  const peers = [
    ['fail2ban-regex, filter postfix[mode=aggressive]', fail2ban(part)],
    ['CrowdSec, collection postfix, offline', crowdsec(part)],
  ] as const
  for (const [name, seconds] of peers) {
    if (seconds === null) {
      report.note(`${name}: not installed`)
      continue
    }
    report(`${name} (${lines.toLocaleString('en')} lines)`, lines / seconds, 'lines/s', null)
    report('  tlsrep, times as fast', (ownRate * seconds) / lines, '×', null)
  }
}

/** Without its own start. */
function fail2ban(log: string): number | null {
  const { stdout, error } = spawnSync('fail2ban-regex', [log, 'postfix[mode=aggressive]'], { encoding: 'utf8' })
  if (error !== undefined) return null
  const told = /processed in ([\d.]+) sec/.exec(stdout)?.[1]
  if (told === undefined) throw new Error(`fail2ban-regex says no time: ${stdout.slice(-500)}`)
  return Number(told)
}

/** Reads the file at once with the configuration that TLSREP_BENCH_CROWDSEC names; its start, measured with an empty log, is taken off. */
function crowdsec(log: string): number | null {
  const { TLSREP_BENCH_CROWDSEC: config } = process.env
  if (config === undefined) return null
  const run = (path: string): number | null => {
    const start = performance.now()
    const { error, status } = spawnSync('crowdsec', ['-c', config, '-dsn', `file://${path}`, '-type', 'syslog'], {
      stdio: 'ignore',
    })
    if (error !== undefined) return null
    if (status !== 0) throw new Error(`crowdsec ended with ${status}`)
    return (performance.now() - start) / 1000
  }
  const empty = `${log}.empty`
  closeSync(openSync(empty, 'w'))
  const startUp = run(empty)
  const whole = run(log)
  return startUp === null || whole === null ? null : whole - startUp
}

/** @returns lines */
function copyPart(from: string, to: string): number {
  const source = openSync(from, 'r')
  const bytes = Buffer.alloc(PART)
  const part = bytes.subarray(0, readSync(source, bytes, 0, PART, 0))
  closeSync(source)
  const whole = part.subarray(0, part.lastIndexOf(10) + 1)
  const target = openSync(to, 'w')
  writeSync(target, whole)
  closeSync(target)
  return whole.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0)
}
