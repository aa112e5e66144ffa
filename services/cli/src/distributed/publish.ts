import { join } from 'node:path'
import type { Policy } from '@tlsrep/core/policy/policy'
import { type DataDir, openDataDir } from '@tlsrep/platform/data-dir/data-dir'
import { collectGarbage } from '@tlsrep/platform/lifecycle/collect-garbage'
import type { Actor } from '@tlsrep/platform/lifecycle/lifecycle'
import { registerGate } from '@tlsrep/publisher/http/gate'
import { registerOverrides } from '@tlsrep/publisher/http/overrides'
import { registerFeed } from '@tlsrep/publisher/outputs/feed/feed'
import type { Publisher } from '@tlsrep/publisher/publisher'
import { type Outputs, openOutputs } from '../wiring/outputs.ts'
import { publisherOf } from '../wiring/publisher.ts'
import { ServiceFrame, type ServiceOptions } from './service.ts'
import { staleSince } from './staleness.ts'

/** `tlsrep publish`: the list in memory, and the ways in which mail servers learn it. Each publisher holds all of it. */
export function publisherActors(options: ServiceOptions, policy: Policy): readonly Actor[] {
  const { config, now } = options
  const frame = new ServiceFrame(options)
  let dataDir: DataDir | undefined
  let outputs: Outputs | undefined
  let publisher: Publisher | undefined
  const started = (): Publisher => {
    if (publisher === undefined) throw new Error('the publisher has not started yet')
    return publisher
  }
  return [
    {
      name: 'data directory',
      start: async () => {
        dataDir = await openDataDir(join(config.data, 'publisher'), { now })
      },
      stop: async () => dataDir?.release(),
    },
    frame.kafka(null),
    {
      name: 'publisher',
      start: async ({ fail }) => {
        outputs = await openOutputs(config, options.logger, now)
        frame.rooms.outputs = outputs
        publisher = publisherOf(config, policy, {
          log: frame.eventLog,
          outputs,
          stateFile: join(config.data, 'publisher', 'publisher.json'),
          logger: frame.logger('publisher'),
          now,
        })
        frame.rooms.publisher = publisher
        await publisher.start()
        collectGarbage()
        publisher.done.catch(fail)
      },
      stop: async () => {
        if (publisher !== undefined) await publisher.close()
        else await Promise.allSettled((outputs?.all ?? []).map((output) => output.close()))
      },
    },
    frame.http(config.http.publisher, (http) => {
      const log = frame.logger('publisher')
      const hostNames = config.http.host_names
      registerFeed(http.app, started(), { now, staleSince: () => staleSince(frame.eventLog, now()) })
      registerOverrides(http.app, started(), { log: frame.eventLog, logger: log, now, hostNames })
      registerGate(http.app, started(), { logger: log, hostNames })
      http.addCheck({ name: 'publisher', check: () => ({ ok: started().ready }) })
      http.addCheck({ name: 'event log', check: () => freshness(frame, now()) })
    }),
  ]
}

/** A publisher that has lost Kafka goes on with what it holds, and says so. */
function freshness(frame: ServiceFrame, now: number): { ok: boolean; detail: string } {
  const since = staleSince(frame.eventLog, now)
  if (since === null) return { ok: true, detail: 'reading' }
  return {
    ok: false,
    detail: `the list is stale since ${new Date(since).toISOString()}: Kafka is away or not kept up with`,
  }
}
