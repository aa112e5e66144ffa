import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchDnsbl } from './dnsbl.ts'
import { benchFileToClickHouse } from './file-to-clickhouse.ts'
import { benchKafkaBacklog, benchKafkaFile, benchKafkaLatency, benchKafkaSenders } from './kafka.ts'
import { benchLineToAnswer } from './line-to-answer.ts'
import { benchMemory } from './memory.ts'
import { benchOffline } from './offline.ts'
import { benchPolicy } from './policy.ts'
import { createReport } from './report.ts'
import { benchSenders } from './senders.ts'

/*
 * What tlsrep costs, beside its bounds and peers in the same run. Figures of a busy machine are of no use: run it alone.
 *   node bench/main.ts [NAME…] [--lines N] [--seconds N] [--senders N]
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lines: { type: 'string', default: '2000000' },
    seconds: { type: 'string', default: '40' },
    senders: { type: 'string', default: '1000000' },
  },
})
const [lines = 0, seconds = 0, senders = 0] = [values.lines, values.seconds, values.senders].map(Number)
const report = createReport((line) => console.log(line))
const folder = mkdtempSync(join(tmpdir(), 'tlsrep-bench-'))

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  offline: () => benchOffline(report, folder, lines),
  file: () => benchFileToClickHouse(report, folder, lines),
  latency: () => benchLineToAnswer(report, folder, seconds),
  policy: () => benchPolicy(report),
  dnsbl: () => {
    report.heading('DNSBL')
    return benchDnsbl(report)
  },
  senders: () => benchSenders(report, folder, senders),
  memory: () => benchMemory(report, folder, senders),
  'kafka-file': () => benchKafkaFile(report, folder, lines),
  'kafka-latency': () => benchKafkaLatency(report, folder, seconds),
  'kafka-senders': () => benchKafkaSenders(report, folder, senders),
  'kafka-backlog': () => benchKafkaBacklog(report, folder, lines),
}

const chosen = positionals.length > 0 ? positionals : Object.keys(PARTS)
for (const name of chosen) {
  if (!(name in PARTS)) throw new Error(`${name} is none of ${Object.keys(PARTS).join(', ')}`)
}
try {
  for (const name of chosen) {
    const load = loadavg()[0] ?? 0
    await PARTS[name]?.()
    report.note(`load of the machine when "${name}" began: ${load.toFixed(1)}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
