import { z } from 'zod'
import { filePath, shortName, timeZone } from './names.ts'
import { duration } from './quantities.ts'

/** Mail servers whose logs can be read; `auto` takes each line to the parser that knows its program. */
const MTA_CHOICES = ['auto', 'postfix'] as const

const logPath = filePath('/var/log/mail.log', 'path or glob')

const log = z
  .union([logPath, z.array(logPath).min(1)])
  .transform((paths) => (typeof paths === 'string' ? [paths] : paths))
  .meta({ kind: 'path or glob, or a list of them', examples: ['/var/log/mail.log'] })

export const inputSchema = z
  .strictObject({
    log: log
      .optional()
      .describe(
        'Log files, followed as they grow, through rotation and truncation. `*`, `?`, `[…]` and `{a,b}` name several; rotated and compressed predecessors are found by themselves. Each input has either this or `stdin`.',
      ),
    stdin: z
      .literal(true)
      .optional()
      .describe('Reads standard input instead of files, to its end. At most one input may.'),
    name: shortName('mx1')
      .optional()
      .describe('Name in `source_name`, checkpoints and metrics. Default: the path, or `stdin`. Unique.'),
    mta: z
      .enum(MTA_CHOICES)
      .prefault('auto')
      .describe('Mail server that wrote the log; `auto` finds out line by line.'),
    timezone: timeZone().optional().describe('Time zone of stamps that have none. Default: the zone of this machine.'),
    host: shortName('mx1.example.net')
      .optional()
      .describe('Host name of lines whose framing has none. Lines that name their host keep it.'),
  })
  .meta({ examples: [{ log: '/var/log/mail.log' }] })

export const collectorSchema = z.strictObject({
  name: shortName('mx1')
    .prefault('local')
    .describe(
      'Name of this collector, in the field `collector` of every event. Where several write to one log, each needs its own.',
    ),
  inputs: z
    .array(inputSchema)
    .prefault([])
    .describe(
      'Where log lines come from. Without any, `tlsrep start` looks for the mail logs of this machine and says which it took.',
    ),
  max_open_sessions: z
    .int()
    .min(100)
    .max(2_000_000)
    .prefault(200_000)
    .describe(
      'Sessions held open at once, about 1 kB each; beyond it the oldest is emitted `truncated`. A busy host has a few thousand.',
    ),
  batch: z
    .strictObject({
      events: z
        .int()
        .min(1)
        .max(100_000)
        .optional()
        .describe(
          'Events after which a batch is handed on, about 500 B each. Larger batches cost less, and more is read again after a crash. Default: 20000 in the embedded shape, 6000 on Kafka.',
        ),
      wait: duration({ min: '10ms', max: '60s' }, '250ms')
        .prefault('250ms')
        .describe(
          'Time after which a batch is handed on, full or not: the most that it adds to the way from log line to listing.',
        ),
    })
    .prefault({})
    .describe('How events are gathered before they are stored. Whichever bound is met first counts.'),
})
