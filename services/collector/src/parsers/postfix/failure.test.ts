import { UnknownNames } from '@tlsrep/core'
import type { Direction } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { libraryFailure, statedFailure } from './failure.ts'

describe('statedFailure', () => {
  const stated = (words: string, direction: Direction = 'inbound') =>
    statedFailure(words, 0, words.length, direction, new UnknownNames())

  it.each([
    ['-1', 'connection_lost'],
    ['0', 'connection_lost'],
    ['', 'connection_lost'],
    ['lost connection', 'connection_lost'],
    ['Connection reset by peer', 'connection_lost'],
    ['Broken pipe', 'connection_lost'],
    ['Connection timed out', 'timeout'],
  ])('“%s” is %s, and nobody’s proven fault', (words, reason) => {
    for (const direction of ['inbound', 'outbound'] as const) {
      expect(stated(words, direction)).toEqual({ reason, fault: 'unknown', byPlace: false, words })
    }
  })

  it('keeps words that it does not know, as other, and counts them', () => {
    const unknown = new UnknownNames()
    expect(statedFailure('Foo', 0, 3, 'inbound', unknown)).toMatchObject({
      reason: 'other',
      fault: 'unknown',
      words: 'Foo',
    })
    expect(unknown.report()).toHaveLength(1)
  })

  it('keeps no endless words', () => {
    expect(stated('x'.repeat(5000)).words.length).toBe(512)
  })
})

describe('libraryFailure', () => {
  const library = (line: string, direction: Direction = 'inbound') =>
    libraryFailure(line, 0, line.length, direction, new UnknownNames())

  it.each([
    [
      'error:1408A0C1:SSL routines:ssl3_get_client_hello:no shared cipher:s3_srvr.c:1417:',
      'no_common_cipher',
      'unknown',
    ],
    [
      'error:1417A0C1:SSL routines:tls_post_process_client_hello:no shared cipher:../ssl/statem/statem_srvr.c:2259:',
      'no_common_cipher',
      'unknown',
    ],
    ['error:0A0000C1:SSL routines::no shared cipher:../ssl/statem/statem_srvr.c:2361:', 'no_common_cipher', 'unknown'],
    [
      'error:1417D18C:SSL routines:tls_process_client_hello:version too low:../ssl/statem/statem_srvr.c:974:',
      'version_below_floor',
      'our_floor',
    ],
    [
      'error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1780:',
      'version_below_floor',
      'our_floor',
    ],
    ['error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350:', 'not_tls', 'peer'],
    ['error:0A00009C:SSL routines::http request:../ssl/record/ssl3_record.c:345:', 'not_tls', 'peer'],
    [
      'error:0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48:',
      'peer_rejected_our_certificate',
      'unknown',
    ],
    [
      'error:0A000412:SSL routines::sslv3 alert bad certificate:../ssl/record/rec_layer_s3.c:1601:SSL alert number 42:',
      'peer_rejected_our_certificate',
      'unknown',
    ],
    [
      'error:0A000412:SSL routines::ssl/tls alert bad certificate:../ssl/record/rec_layer_s3.c:918:SSL alert number 42:',
      'peer_rejected_our_certificate',
      'unknown',
    ],
    [
      'error:0A000410:SSL routines::ssl/tls alert handshake failure:../ssl/record/rec_layer_s3.c:918:SSL alert number 40:',
      'peer_alert',
      'unknown',
    ],
    [
      'error:0A00042E:SSL routines::tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:918:SSL alert number 70:',
      'peer_rejected_version',
      'unknown',
    ],
    [
      'error:0A000438:SSL routines::tlsv1 alert internal error:../ssl/record/rec_layer_s3.c:918:SSL alert number 80:',
      'peer_internal_error',
      'peer',
    ],
    ['error:0A000175:SSL routines::inappropriate fallback:../ssl/ssl_lib.c:1:', 'fallback_signalled', 'unknown'],
    [
      'error:0A0000F4:SSL routines::unexpected message:../ssl/statem/statem_srvr.c:312:',
      'unexpected_message',
      'unknown',
    ],
    [
      'error:0A000119:SSL routines::decryption failed or bad record mac:../ssl/record/ssl3_record.c:622:',
      'bad_record',
      'peer',
    ],
    [
      '3682:error:1408A0C1:SSL routines:SSL3_GET_CLIENT_HELLO:no shared cipher:s3_srvr.c:1417:',
      'no_common_cipher',
      'unknown',
    ],
  ])('%s', (line, reason, fault) => {
    expect(library(line)).toMatchObject({ reason, fault, byPlace: true })
  })

  it('a line whose reason no table knows names none, and is counted', () => {
    const unknown = new UnknownNames()
    const line = 'error:0A0009FF:SSL routines::brand new trouble:../ssl/x.c:1:'
    expect(libraryFailure(line, 0, line.length, 'inbound', unknown)).toBeUndefined()
    expect(unknown.report()).toMatchObject([{ name: 'brand new trouble', count: 1 }])
  })
})
