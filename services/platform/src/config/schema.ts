import { z } from 'zod'
import { network } from './addresses.ts'
import { clickhouseSchema } from './clickhouse-section.ts'
import { collectorSchema } from './collector-section.ts'
import { httpSchema } from './http-section.ts'
import { kafkaSchema } from './kafka-section.ts'
import { listenersSchema } from './listeners-section.ts'
import { logSchema } from './log-section.ts'
import { filePath } from './names.ts'
import { publisherSchema } from './publisher-section.ts'

/**
 * The configuration file, one section a file. Every key has a description with its default and its interplay, from which
 * docs/configuration.md and schemas/config/tlsrep.schema.json are made. Defaults are written as in the file (`prefault`).
 */
export const configSchema = z.strictObject({
  data: filePath('/var/lib/tlsrep')
    .prefault('./tlsrep-data')
    .describe(
      'Directory of everything that tlsrep keeps: ClickHouse, checkpoints, the lock. One process at a time. The default is in the working directory.',
    ),
  collector: collectorSchema.prefault({}).describe('Which logs are read, and how.'),
  listeners: listenersSchema,
  relays: z
    .array(network('192.0.2.0/24'))
    .prefault([])
    .describe(
      'Networks of our own relays and of forwarders: their sessions are stored, and never count against anybody. Loopback is always one.',
    ),
  clickhouse: clickhouseSchema.prefault({}).describe('Where events and evidence are kept.'),
  kafka: kafkaSchema
    .optional()
    .describe(
      'The event log between services that run each by itself (`tlsrep collect`, `score`, `publish`). `tlsrep start` needs none, and uses none.',
    ),
  policy: filePath('/etc/tlsrep/policy.yaml')
    .optional()
    .describe(
      'The policy file: half-life, weights, thresholds, protected pools. Default: the policy that comes with tlsrep.',
    ),
  publisher: publisherSchema.prefault({}).describe('What becomes of a listing.'),
  http: httpSchema.prefault({}).describe('The one HTTP server.'),
  log: logSchema.prefault({}).describe("tlsrep's own log."),
})

/** The file as it may be written. */
export type ConfigInput = z.input<typeof configSchema>
/** The file as it was read: defaults filled in, quantities as numbers (ms, bytes), addresses taken apart. */
export type ParsedConfig = z.output<typeof configSchema>
