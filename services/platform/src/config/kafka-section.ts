import { z } from 'zod'
import { socketAddressOfHost } from './addresses.ts'
import { filePath, httpUrl, secretPath, shortName } from './names.ts'
import { duration } from './quantities.ts'

const credentials = {
  username: z
    .string()
    .min(1)
    .meta({ examples: ['tlsrep'] })
    .describe('User.'),
  password_file: secretPath('/etc/tlsrep/kafka-password').describe('File whose first line is the password.'),
}

const tls = z.strictObject({
  ca: filePath('/etc/tlsrep/kafka-ca.crt')
    .optional()
    .describe('Certificates to trust, PEM. Default: those that Node brings along.'),
  cert: filePath('/etc/tlsrep/kafka.crt')
    .optional()
    .describe('Certificate of this client, PEM, where the other side asks for one.'),
  key: secretPath('/etc/tlsrep/kafka.key').optional().describe('Its private key, PEM.'),
})

/** Kafka, for the services `collect`, `score` and `publish`; `tlsrep start` has no use for it. */
export const kafkaSchema = z.strictObject({
  brokers: z
    .array(socketAddressOfHost('kafka1.example.net:9092'))
    .min(1)
    .describe('Some of the brokers; the others are learned from them.'),
  client_id: shortName('tlsrep').prefault('tlsrep').describe('Name in the logs and quotas of the brokers.'),
  topic_prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,100}$/, 'letters, digits, dots, hyphens and underscores')
    .meta({ examples: ['mail.'] })
    .prefault('')
    .describe('Stands before the names of all topics, e.g. where a cluster is shared.'),
  partitions: z
    .int()
    .min(1)
    .max(1000)
    .prefault(16)
    .describe(
      'Partitions of `tls.negotiations`, for `tlsrep migrate`: most scorers that can share the work. Not to be changed later. The other topics have 4, or fewer if this is less.',
    ),
  replication_factor: z
    .int()
    .min(1)
    .max(10)
    .prefault(1)
    .describe('Copies of each topic, for `tlsrep migrate`. 3 on a cluster that must not lose a broker.'),
  retention: duration({ min: '1h', max: '365d' }, '7d')
    .prefault('7d')
    .describe('How long `tls.negotiations` keeps events, for `tlsrep migrate`: how long scorers may be away.'),
  compression: z.enum(['none', 'gzip', 'zstd']).prefault('zstd').describe('Of what is sent.'),
  tls: tls.optional().describe('Speaks TLS to the brokers; an empty section will do.'),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('As the brokers have it.'),
      ...credentials,
    })
    .optional()
    .describe('Logs in with a password. Only with `tls`.'),
  schema_registry: z
    .strictObject({
      url: httpUrl('http://registry.example.net:8081').describe(
        "Confluent's schema registry, or one that speaks its HTTP API.",
      ),
      username: credentials.username.optional(),
      password_file: credentials.password_file.optional(),
      tls: tls.optional().describe('For an https URL: whom to trust, and who this client is.'),
    })
    .optional()
    .describe('Frames records as its readers expect. Default: Avro single-object encoding, without a registry.'),
})
