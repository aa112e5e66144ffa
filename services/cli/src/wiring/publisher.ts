import type { Policy } from '@tlsrep/core/policy/policy'
import type { Config } from '@tlsrep/platform/config/config'
import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { publisherStateFile } from '@tlsrep/publisher/list/state-file'
import { createPublisher, type Publisher } from '@tlsrep/publisher/publisher'
import type { Logger } from 'pino'
import type { Outputs } from './outputs.ts'

export interface PublisherParts {
  log: EventLog
  outputs: Outputs
  /** Keeps the sequence and the gate's release over restarts. */
  stateFile: string
  logger: Logger
  now: () => number
}

/** The publisher that configuration and policy ask for, not started. */
export function publisherOf({ publisher }: Config, policy: Policy, parts: PublisherParts): Publisher {
  const { enabled, new_listings_per_minute, good_sessions_per_minute } = publisher.gate
  return createPublisher({
    log: parts.log,
    group: 'publisher',
    outputs: parts.outputs.all,
    protectedPools: policy.protected_pools.flatMap(({ cidrs }) => cidrs),
    gate: enabled
      ? { newListingsPerMinute: new_listings_per_minute, goodSessionsPerMinute: good_sessions_per_minute }
      : null,
    state: publisherStateFile(parts.stateFile),
    logger: parts.logger,
    now: parts.now,
  })
}
