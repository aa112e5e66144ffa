import { join } from 'node:path'
import { type DataDir, openDataDir } from '@tlsrep/platform/data-dir/data-dir'
import { KafkaUnavailable } from '@tlsrep/platform/event-log/kafka/failure'
import type { Actor } from '@tlsrep/platform/lifecycle/lifecycle'
import { chooseLogs } from '../embedded/choose-inputs.ts'
import { collectorOf } from '../wiring/collector.ts'
import { running, ServiceFrame, type ServiceOptions } from './service.ts'

/** `tlsrep collect`: log lines in, events and checkpoints out, in one transaction a batch. */
export function collectorActors(options: ServiceOptions, named: readonly string[]): readonly Actor[] {
  const { config, now } = options
  const frame = new ServiceFrame(options)
  let dataDir: DataDir | undefined
  return [
    {
      name: 'data directory',
      start: async () => {
        dataDir = await openDataDir(join(config.data, 'collector'), { now })
        for (const warning of dataDir.warnings) options.logger.warn({}, warning)
      },
      stop: async () => dataDir?.release(),
    },
    frame.kafka(config.collector.name),
    frame.http(config.http.collector, (http) => {
      http.addCheck({ name: 'collector', check: () => ({ ok: frame.rooms.collector !== undefined }) })
    }),
    running('collector', (signal) => {
      const collector = collectorOf(config, chooseLogs(config, named), {
        eventLog: frame.eventLog,
        isOutage: (error) => error instanceof KafkaUnavailable,
        logger: frame.logger('collector'),
        now,
      })
      frame.rooms.collector = collector
      return collector.run(signal)
    }),
  ]
}
