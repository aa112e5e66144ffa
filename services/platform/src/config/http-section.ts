import { z } from 'zod'
import { socketAddress } from './addresses.ts'
import { filePath, secretPath, zoneName } from './names.ts'

export const httpSchema = z.strictObject({
  listen: socketAddress('127.0.0.1:8642')
    .prefault('127.0.0.1:8642')
    .describe(
      'Where API, feed, health and metrics of `tlsrep start` answer. Beyond loopback it needs `tls` or `insecure`.',
    ),
  collector: socketAddress('127.0.0.1:8651')
    .prefault('127.0.0.1:8651')
    .describe('The same for `tlsrep collect`: health and metrics.'),
  scorer: socketAddress('127.0.0.1:8652')
    .prefault('127.0.0.1:8652')
    .describe('The same for `tlsrep score`: health and metrics.'),
  publisher: socketAddress('127.0.0.1:8653')
    .prefault('127.0.0.1:8653')
    .describe('The same for `tlsrep publish`: API, feed, health and metrics.'),
  host_names: z
    .array(zoneName('mail.example.net'))
    .prefault([])
    .describe(
      'Names under which it is reached, e.g. through a reverse proxy. A request under another name than these, localhost or an address may not change anything: it may come from a page that somebody was lured to.',
    ),
  tls: z
    .strictObject({
      cert: filePath('/etc/tlsrep/http.crt').describe('Certificate and its chain, PEM.'),
      key: secretPath('/etc/tlsrep/http.key').describe('Its private key, PEM.'),
    })
    .optional()
    .describe('Serves https instead of http.'),
  insecure: z
    .boolean()
    .prefault(false)
    .describe(
      '`true` allows http without TLS beyond loopback: anybody on the way reads it, and anybody who reaches it may change the allow and deny lists.',
    ),
})
