import type { Policy } from '@tlsrep/core/policy/policy'
import { checkColumns } from '@tlsrep/platform/clickhouse/columns'
import { throughOutages } from '@tlsrep/platform/clickhouse/unavailable'
import { collectGarbage } from '@tlsrep/platform/lifecycle/collect-garbage'
import type { Actor } from '@tlsrep/platform/lifecycle/lifecycle'
import { createScorer } from '@tlsrep/scorer/scorer'
import { type ReachedClickHouse, reachServer } from '../wiring/clickhouse.ts'
import { runScorer } from '../wiring/scorer-loop.ts'
import { patientLog } from './patient-log.ts'
import { running, ServiceFrame, type ServiceOptions } from './service.ts'
import { shareOf } from './share.ts'
import { fillTables } from './topic-tables.ts'

/** Records of one group are shared among all scorers. */
const GROUP = 'tlsrep-scorer'

/** `tlsrep score`: events in, evidence and listings out. As many as there are partitions share the work. */
export function scorerActors(options: ServiceOptions, policy: Policy): readonly Actor[] {
  const { config, now } = options
  const frame = new ServiceFrame(options)
  let reached: ReachedClickHouse | undefined
  const store = (): ReachedClickHouse => {
    if (reached === undefined) throw new Error('ClickHouse is not reached yet')
    return reached
  }
  return [
    {
      name: 'clickhouse',
      start: async ({ signal }) => {
        reached = reachServer(config)
        frame.rooms.clickhouse = reached
        // As later on: whoever starts after a ClickHouse that fell over waits for it.
        const logger = frame.logger('clickhouse')
        await throughOutages(() => checkColumns(store().clickhouse), { what: 'looking at the tables', logger, signal })
      },
      stop: async () => reached?.close(),
    },
    frame.kafka(null),
    frame.http(config.http.scorer, (http) => {
      http.addCheck({ name: 'clickhouse', check: async () => ({ ok: await store().clickhouse.ping() }) })
      http.addCheck({ name: 'event log', check: () => readingCheck(frame) })
    }),
    running('tables', (signal) => fillTables(frame, store().clickhouse, signal)),
    running('scorer', (signal) => {
      const scorer = createScorer({
        clickhouse: store().clickhouse,
        log: patientLog(frame.eventLog, { logger: frame.logger('event_log'), signal }),
        policy,
        service: 'scorer',
        now,
        signal,
        logger: frame.logger('scorer'),
      })
      frame.rooms.scorer = scorer
      const subscription = {
        group: GROUP,
        whole: false,
        assigned: async (partitions: readonly number[], log: string, count: number) => {
          await scorer.recover(shareOf(partitions, log, count))
          collectGarbage()
        },
      }
      return runScorer(scorer, frame.eventLog, subscription, now, signal)
    }),
  ]
}

function readingCheck(frame: ServiceFrame): { ok: boolean; detail: string } {
  const reading = frame.eventLog.reading('tls.negotiations')
  if (reading?.hanging) return { ok: false, detail: `${reading.hanging.where}: ${reading.hanging.message}` }
  const connected = reading?.connected === true
  return { ok: connected, detail: connected ? 'reading' : 'not connected' }
}
