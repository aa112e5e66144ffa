import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { quantile, type Report } from './report.ts'
import type { ScorerRates } from './senders-run.ts'

const FEW = 10_000
/** What counts as flat: so much of the rate with few senders is left with many. */
const FLAT = 0.8

/**
 * Events a second through the scorer into ClickHouse, the same number of events being stored already: of few senders, and of many. Each twice,
 * in an order in which a machine that grows slower or faster meanwhile is as good to one as to the other.
 */
export async function benchSenders(report: Report, folder: string, many: number): Promise<void> {
  report.heading('Cost per event by number of senders (scorer and ClickHouse alone)')
  const rates = new Map<number, ScorerRates[]>([
    [FEW, []],
    [many, []],
  ])
  for (const [turn, senders] of [FEW, many, many, FEW].entries()) {
    const measured = await run(join(folder, `${turn}`), senders, many)
    tell(report, senders, measured)
    rates.get(senders)?.push(measured)
  }
  const share = together(rates.get(many) ?? []) / together(rates.get(FEW) ?? [])
  report(`  ${name(many)} senders as a share of ${name(FEW)}`, share, '', FLAT)
}

/** Events a second of the later events of all these runs: each had as many. */
function together(rates: readonly ScorerRates[]): number {
  return rates.length / rates.reduce((sum, { later }) => sum + 1 / later, 0)
}

function tell(report: Report, senders: number, { stored, first, later, batchMs, scored, listings }: ScorerRates): void {
  report(`${name(senders)} senders: the first ${name(stored)} events`, first, 'events/s', null)
  report('  the events after them', later, 'events/s', null)
  report('    a batch of 20,000, p50', quantile(batchMs, 0.5), 'ms', null)
  report('    senders scored for 1,000 events', scored, '', null)
  report('    listings at the end', listings, '', null)
}

function name(count: number): string {
  return count.toLocaleString('en')
}

/** In a process of its own, so that neither run has the other's heap. */
async function run(folder: string, senders: number, stored: number): Promise<ScorerRates> {
  mkdirSync(folder, { recursive: true })
  const script = new URL('./senders-run.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, folder, `${senders}`, `${stored}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`senders-run.ts ended with ${code}`)
  return JSON.parse(output) as ScorerRates
}
