import { z } from 'zod'
import { port } from './addresses.ts'
import { httpUrl, secretPath } from './names.ts'
import { byteSize, duration } from './quantities.ts'
import { type Parsed, quoted, textValue } from './text-value.ts'

const identifier = (example: string) =>
  textValue(
    (text): Parsed<string> =>
      /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(text)
        ? { ok: true, value: text }
        : {
            ok: false,
            why: `${quoted(text)} cannot be a name of ClickHouse's`,
            instead: 'Write letters, digits and underscores, beginning with a letter.',
          },
    { kind: 'name', example, pattern: '^[A-Za-z_][A-Za-z0-9_]{0,62}$' },
  )

export const clickhouseSchema = z.strictObject({
  url: httpUrl('http://127.0.0.1:8123')
    .optional()
    .describe(
      'HTTP interface of a ClickHouse server of your own. Without it, tlsrep starts one as its child and keeps its data under `data`.',
    ),
  user: z
    .string()
    .min(1)
    .meta({ examples: ['tlsrep'] })
    .optional()
    .describe('User at `url`. Default: `default`. Only with `url`.'),
  password_file: secretPath('/etc/tlsrep/clickhouse-password')
    .optional()
    .describe(
      'File whose first line is the password of `user`. Default: no password. Only with `url`; the child has a random one of its own.',
    ),
  database: identifier('tlsrep')
    .prefault('tlsrep')
    .describe('Database with the tables; `tlsrep migrate` and `tlsrep start` make it.'),
  retention: z
    .strictObject({
      events: duration({ min: '1d', max: '3650d' }, '180d')
        .prefault('180d')
        .describe(
          'Single sessions, with the addresses of the peers. Logs older than that are not worth reading again.',
        ),
      evidence: duration({ min: '150d', max: '3650d' }, '400d')
        .prefault('400d')
        .describe(
          'Counts by sender and day, of which scores are made: a shorter time than the policy still feels would change scores.',
        ),
      hourly: duration({ min: '1d', max: '3650d' }, '400d')
        .prefault('400d')
        .describe('Counts of our own hosts by hour, for shares and trends.'),
      dead_letters: duration({ min: '1d', max: '3650d' }, '30d')
        .prefault('30d')
        .describe('What could not be used, and why.'),
    })
    .prefault({})
    .describe('How long what is kept. Whole months go, once all of a month is old enough.'),
  child: z
    .strictObject({
      http_port: port().prefault(8643).describe('Port of the child on 127.0.0.1 for HTTP.'),
      tcp_port: port()
        .meta({ examples: [9000] })
        .optional()
        .describe(
          "Port of the child on 127.0.0.1 for ClickHouse's own protocol, for `clickhouse-client`. Default: closed.",
        ),
      memory: byteSize({ min: '400MB', max: '1024GiB' }, '700MB')
        .prefault('700MB')
        .describe('Memory that the child may take. A query that needs more fails and the child lives on.'),
    })
    .prefault({})
    .describe('The ClickHouse server that tlsrep starts itself. Not used with `url`.'),
})
