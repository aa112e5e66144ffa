import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { quantile, type Report } from './report.ts'
import type { ScorerRates } from './senders-run.ts'

const FEW = 10_000
/** What counts as flat: so much of the rate with few senders is left with many. */
const FLAT = 0.8

/** Events a second through the scorer into ClickHouse, the same number of events being stored already: of few senders, and of many. */
export async function benchSenders(report: Report, folder: string, many: number): Promise<void> {
  report.heading('Cost per event by number of senders (scorer and ClickHouse alone)')
  const few = await run(join(folder, 'few'), FEW, many)
  const rates = await run(join(folder, 'many'), many, many)
  tell(report, FEW, few)
  tell(report, many, rates)
  const name = (senders: number): string => senders.toLocaleString('en')
  report(`  ${name(many)} senders as a share of ${name(FEW)}`, rates.later / few.later, '', FLAT)
}

function tell(report: Report, senders: number, { stored, first, later, batchMs, scored, listings }: ScorerRates): void {
  const events = stored.toLocaleString('en')
  report(`${senders.toLocaleString('en')} senders: the first ${events} events`, first, 'events/s', null)
  report('  the events after them', later, 'events/s', null)
  report('    a batch of 20,000, p50', quantile(batchMs, 0.5), 'ms', null)
  report('    senders scored for 1,000 events', scored, '', null)
  report('    listings at the end', listings, '', null)
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
