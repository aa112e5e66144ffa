import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSslReason } from './openssl-reason.ts'

test.each([
  // OpenSSL 0.9.8 and 1.0, with a pid before it
  [
    '3682:error:140740BF:SSL routines:SSL23_CLIENT_HELLO:no protocols available:s23_clnt.c:381:',
    'no protocols available',
  ],
  ['error:1408A0C1:SSL routines:ssl3_get_client_hello:no shared cipher:s3_srvr.c:1417:', 'no shared cipher'],
  // 1.1.0, 1.1.1
  [
    'error:1417A0C1:SSL routines:tls_post_process_client_hello:no shared cipher:../ssl/statem/statem_srvr.c:2259:',
    'no shared cipher',
  ],
  [
    'warning: TLS library problem: error:14094418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1562:SSL alert number 48:',
    'tlsv1 alert unknown ca',
  ],
  // 3.x: the function is empty
  ['error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1780:', 'unsupported protocol'],
  [
    'error:1C800066:Provider routines::cipher operation failed:../providers/implementations/ciphers/ciphercommon_gcm.c:323:',
    'cipher operation failed',
  ],
  [
    'error:0A000410:SSL routines::ssl/tls alert handshake failure:../ssl/record/rec_layer_s3.c:918:SSL alert number 40:',
    'ssl/tls alert handshake failure',
  ],
  // OpenSMTPD ends with the reason, in quotes
  ['reason="io-error: error:0A080006:SSL routines::EVP lib"', 'EVP lib'],
  // Sendmail goes on after it
  [
    'STARTTLS: read error=generic SSL error (-1), get_error=error:0A000126:SSL routines::unexpected eof while reading, retry=99, ssl_err=1',
    'unexpected eof while reading',
  ],
  // Haraka: "error:" comes twice before it, and Node keeps the function's name
  [
    'client connection error: Error: 00D2A1F1FF7E0000:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 48\\n" ip=192.0.2.1',
    'tlsv1 alert unknown ca',
  ],
  ['error:0A000102:SSL routines::unsupported protocol', 'unsupported protocol'],
])('%s', (line, reason) => {
  expect(openSslReason(line)).toBe(reason)
})

test.each([
  '',
  'lost connection after STARTTLS from unknown[192.0.2.1]',
  'error:',
  'error:xyz:SSL routines::no shared cipher:',
  'error:0A:SSL routines::no shared cipher:',
  'STARTTLS: read error=syscall error (-1), errno=104, get_error=error:00000000:lib(0)::reason(0), retry=1, ssl_err=5',
  'error:0A0000C1',
  'error:0A0000C1:SSL routines',
  'error:0A0000C1:SSL routines:',
  'error:0A0000C1:SSL routines::',
  'error:0A0000C1:SSL routines:::file.c:1:',
  `error:0A0000C1:SSL routines::${'x'.repeat(200)}:file.c:1:`,
])('%j holds no reason', (line) => {
  expect(openSslReason(line)).toBeUndefined()
})

test('any line is answered, with a short reason or none', () => {
  const piece = fc.constantFrom(
    'error:',
    '0A',
    ':',
    '::',
    'SSL routines',
    ' ',
    '"',
    'no shared cipher',
    '\\',
    '\n',
    'é',
  )
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
  )
  fc.assert(fc.property(line, (text) => (openSslReason(text) ?? '').length <= 128))
  expect(openSslReason('error:'.repeat(200_000))).toBeUndefined()
  expect(openSslReason(`error:${'A'.repeat(1_000_000)}`)).toBeUndefined()
})
