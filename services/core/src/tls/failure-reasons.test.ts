import type { Direction, FailureReason, Fault } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GNUTLS_ALERTS } from './alerts.ts'
import { findFailureReason } from './failure-reasons.ts'
import { FAILURE_WORDS } from './failure-words.ts'

type Row = readonly [direction: Direction, words: string, reason: FailureReason, fault: Fault]

// Words that real MTAs and TLS libraries logged for failures made on purpose, with what had been done.
const SEEN: readonly Row[] = [
  ['inbound', 'A TLS record packet with invalid length was received.', 'bad_record', 'peer'],
  ['inbound', 'A connection with inappropriate fallback was attempted.', 'fallback_signalled', 'unknown'],
  ['inbound', 'A disallowed SNI server name has been received.', 'bad_server_name', 'peer'],
  ['inbound', 'A packet with illegal or unsupported version was received.', 'version_unclear', 'unknown'],
  ['inbound', 'An unexpected TLS packet was received.', 'unexpected_message', 'unknown'],
  ['inbound', 'CA is unknown', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'Certificate is bad', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'Connection reset by peer', 'connection_lost', 'unknown'],
  ['inbound', 'Connection timed out', 'timeout', 'unknown'],
  ['inbound', 'Decryption has failed.', 'bad_record_or_alert', 'unknown'],
  ['inbound', 'Error decoding the received TLS packet.', 'bad_record', 'peer'],
  ['inbound', 'Error in protocol version', 'peer_rejected_version', 'unknown'],
  ['inbound', 'Error in the pull function.', 'connection_lost', 'unknown'],
  ['inbound', 'GnuTLS internal error.', 'local_error', 'local'],
  ['inbound', 'Handshake failed', 'peer_alert', 'unknown'],
  ['inbound', 'Internal error', 'peer_internal_error', 'peer'],
  ['inbound', 'No TLS error', 'connection_lost', 'unknown'],
  ['inbound', 'No supported cipher suites have been found.', 'no_common_cipher', 'unknown'],
  ['inbound', 'Peer has terminated the connection', 'connection_lost', 'unknown'],
  ['inbound', 'The TLS connection was non-properly terminated.', 'connection_lost', 'unknown'],
  ['inbound', 'cipher operation failed', 'bad_record', 'peer'],
  ['inbound', 'decryption failed or bad record mac', 'bad_record', 'peer'],
  ['inbound', 'http request', 'not_tls', 'peer'],
  ['inbound', 'illegal or unsupported padding mode', 'local_error', 'local'],
  ['inbound', 'inappropriate fallback', 'fallback_signalled', 'unknown'],
  ['inbound', 'lost connection', 'connection_lost', 'unknown'],
  ['inbound', 'no shared cipher', 'no_common_cipher', 'unknown'],
  ['inbound', 'read ECONNRESET', 'connection_lost', 'unknown'],
  ['inbound', 'read ECONNRESET"', 'connection_lost', 'unknown'],
  ['inbound', 'reason=cipher operation failed, SSL_error=1', 'bad_record', 'peer'],
  ['inbound', 'reason=http request, SSL_error=1', 'not_tls', 'peer'],
  ['inbound', 'reason=inappropriate fallback, SSL_error=1', 'fallback_signalled', 'unknown'],
  ['inbound', 'reason=no shared cipher, SSL_error=1', 'no_common_cipher', 'unknown'],
  ['inbound', 'reason=no suitable key share, SSL_error=1', 'no_common_group_or_signature', 'unknown'],
  ['inbound', 'reason=point is not on curve, SSL_error=1', 'bad_record', 'peer'],
  ['inbound', 'reason=ssl/tls alert bad certificate, SSL_error=1', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'reason=ssl/tls alert handshake failure, SSL_error=1', 'peer_alert', 'unknown'],
  ['inbound', 'reason=sslv3 alert bad certificate, SSL_error=1', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'reason=sslv3 alert handshake failure, SSL_error=1', 'peer_alert', 'unknown'],
  ['inbound', 'reason=tlsv1 alert internal error, SSL_error=1', 'peer_internal_error', 'peer'],
  ['inbound', 'reason=tlsv1 alert protocol version, SSL_error=1', 'peer_rejected_version', 'unknown'],
  ['inbound', 'reason=tlsv1 alert unknown ca, SSL_error=1', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'reason=unexpected eof while reading, SSL_error=1', 'connection_lost', 'unknown'],
  ['inbound', 'reason=unexpected message, SSL_error=1', 'unexpected_message', 'unknown'],
  ['inbound', 'reason=unknown protocol, SSL_error=1', 'version_below_floor', 'our_floor'],
  ['inbound', 'reason=unknown, SSL_error=5', 'connection_lost', 'unknown'],
  ['inbound', 'reason=unknown, SSL_error=6', 'connection_lost', 'unknown'],
  ['inbound', 'reason=unsupported protocol, SSL_error=1', 'version_below_floor', 'our_floor'],
  ['inbound', 'reason=version too low, SSL_error=1', 'version_below_floor', 'our_floor'],
  ['inbound', 'reason=wrong version number, SSL_error=1', 'not_tls', 'peer'],
  ['inbound', 'record layer failure', 'bad_record', 'peer'],
  ['inbound', 'rxd alert: CA is unknown', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'rxd alert: Certificate is bad', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'rxd alert: Error in protocol version', 'peer_rejected_version', 'unknown'],
  ['inbound', 'rxd alert: Handshake failed', 'peer_alert', 'unknown'],
  ['inbound', 'rxd alert: Internal error', 'peer_internal_error', 'peer'],
  ['inbound', 'ssl/tls alert bad certificate', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'ssl/tls alert handshake failure', 'peer_alert', 'unknown'],
  ['inbound', 'sslv3 alert bad certificate', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'sslv3 alert handshake failure', 'peer_alert', 'unknown'],
  ['inbound', 'timed out', 'timeout', 'unknown'],
  ['inbound', 'tls ciphers=TLSv1.2:(NONE):0', 'connection_lost', 'unknown'],
  ['inbound', 'tlsv1 alert internal error', 'peer_internal_error', 'peer'],
  ['inbound', 'tlsv1 alert protocol version', 'peer_rejected_version', 'unknown'],
  ['inbound', 'tlsv1 alert unknown ca', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'unexpected eof while reading', 'connection_lost', 'unknown'],
  ['inbound', 'unexpected message', 'unexpected_message', 'unknown'],
  ['inbound', 'unknown protocol', 'version_below_floor', 'our_floor'],
  ['inbound', 'unsupported protocol', 'version_below_floor', 'our_floor'],
  ['inbound', 'version too low', 'version_below_floor', 'our_floor'],
  ['inbound', 'wrong version number', 'not_tls', 'peer'],
  ['outbound', 'An unexpected TLS packet was received.', 'unexpected_message', 'unknown'],
  [
    'outbound',
    'Client network socket disconnected before secure TLS connection was established',
    'connection_lost',
    'unknown',
  ],
  ['outbound', 'Error in the pull function.', 'connection_lost', 'unknown'],
  ['outbound', 'Handshake failed', 'peer_alert', 'unknown'],
  ['outbound', 'The TLS connection was non-properly terminated.', 'connection_lost', 'unknown'],
  ['outbound', 'read ECONNRESET', 'connection_lost', 'unknown'],
  [
    'outbound',
    'reason=legacy sigalg disallowed or unsupported, SSL_error=1',
    'no_common_group_or_signature',
    'unknown',
  ],
  ['outbound', 'reason=sslv3 alert handshake failure, SSL_error=1', 'peer_alert', 'unknown'],
  ['outbound', 'reason=unexpected eof while reading, SSL_error=1', 'connection_lost', 'unknown'],
  ['outbound', 'reason=unknown, SSL_error=2', 'timeout', 'unknown'],
  ['outbound', 'reason=unknown, SSL_error=5', 'connection_lost', 'unknown'],
  ['outbound', 'reason=wrong version number, SSL_error=1', 'not_tls', 'peer'],
  ['outbound', 'rxd alert: Handshake failed', 'peer_alert', 'unknown'],
  ['outbound', 'ssl/tls alert handshake failure', 'peer_alert', 'unknown'],
  ['outbound', 'sslv3 alert handshake failure', 'peer_alert', 'unknown'],
  ['outbound', 'timed out', 'timeout', 'unknown'],
  ['outbound', 'tlsv1 alert protocol version', 'peer_rejected_version', 'unknown'],
  ['outbound', 'wrong version number', 'not_tls', 'peer'],
]

// Spellings of other generations and of other libraries.
const MORE: readonly Row[] = [
  ['inbound', 'alert certificate unknown', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'sslv3 alert certificate unknown', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'ssl/tls alert certificate expired', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'sslv3 alert certificate revoked', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'sslv3 alert unsupported certificate', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'rxd alert: Unknown certificate', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'received fatal alert: CertificateUnknown', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'received fatal alert: HandshakeFailure', 'peer_alert', 'unknown'],
  ['inbound', 'tlsv1 alert insufficient security', 'peer_alert', 'unknown'],
  ['inbound', 'sslv3 alert bad record mac', 'peer_alert', 'unknown'],
  ['inbound', 'tlsv1 alert decode error', 'peer_alert', 'unknown'],
  ['outbound', 'tlsv13 alert certificate required', 'peer_alert', 'unknown'],
  ['outbound', 'tlsv1.3 alert missing extension', 'peer_alert', 'unknown'],
  ['outbound', 'tlsv1 unrecognized name', 'peer_alert', 'unknown'],
  ['outbound', 'tlsv1 alert inappropriate fallback', 'fallback_signalled', 'unknown'],
  ['outbound', 'tlsv1 alert internal error', 'peer_internal_error', 'peer'],
  ['inbound', 'A TLS fatal alert has been received.', 'peer_alert', 'unknown'],
  ['inbound', 'A TLS fatal alert has been received: CA is unknown', 'peer_rejected_our_certificate', 'unknown'],
  ['inbound', 'rxd alert: Unexpected message', 'peer_alert', 'unknown'],
  ['inbound', 'Unexpected message', 'peer_alert', 'unknown'],
  ['inbound', 'Decryption failed', 'peer_alert', 'unknown'],
  ['inbound', 'decryption failed', 'bad_record', 'peer'],
  ['inbound', 'internal error', 'local_error', 'local'],
  ['inbound', 'EVP lib', 'local_error', 'local'],
  ['outbound', 'no protocols available', 'local_error', 'local'],
  ['inbound', 'missing rsa certificate', 'local_error', 'local'],
  ['inbound', 'Insufficient credentials for that request.', 'local_error', 'local'],
  ['inbound', 'NoCredentials', 'local_error', 'local'],
  ['inbound', 'bad length', 'bad_record', 'peer'],
  ['inbound', 'bad packet', 'bad_record', 'peer'],
  ['inbound', 'decode error', 'bad_record', 'peer'],
  ['inbound', 'no suitable key share', 'no_common_group_or_signature', 'unknown'],
  ['inbound', 'no suitable signature algorithm', 'no_common_group_or_signature', 'unknown'],
  ['outbound', 'dh key too small', 'no_common_group_or_signature', 'unknown'],
  ['outbound', 'unsupported protocol', 'version_below_floor', 'our_floor'],
  ['outbound', 'version too low', 'version_below_floor', 'our_floor'],
  ['outbound', 'unknown protocol', 'version_below_floor', 'our_floor'],
  ['inbound', 'Broken pipe', 'connection_lost', 'unknown'],
  ['outbound', 'Connection reset by peer', 'connection_lost', 'unknown'],
  ['outbound', 'Connection timed out', 'timeout', 'unknown'],
  ['outbound', 'SocketError', 'connection_lost', 'unknown'],
  [
    'inbound',
    'reason=unsupported protocol, SSL_error=1, errno=0, retry=-1, relay=[192.0.2.1]',
    'version_below_floor',
    'our_floor',
  ],
  ['inbound', 'reason=unknown, SSL_error=5, errno=104, retry=-1', 'connection_lost', 'unknown'],
  // one certificate, two sides: what we ask of clients is our doing
  ['inbound', 'peer did not return a certificate', 'client_certificate_required', 'local'],
  ['inbound', 'certificate verify failed', 'client_certificate_required', 'local'],
  ['outbound', 'certificate verify failed', 'certificate_not_verified', 'unknown'],
  ['outbound', 'Server certificate not trusted', 'certificate_not_verified', 'unknown'],
  ['inbound', 'Certificate is required.', 'client_certificate_required', 'local'],
  ['outbound', 'rxd alert: Certificate is required', 'peer_alert', 'unknown'],
]

describe('findFailureReason', () => {
  test.each(SEEN)('%s %s', (direction, words, reason, fault) => {
    expect(findFailureReason(words, direction)).toEqual({ reason, fault })
  })

  test.each(MORE)('%s %s', (direction, words, reason, fault) => {
    expect(findFailureReason(words, direction)).toEqual({ reason, fault })
  })

  test('case does not matter where no alert of GnuTLS differs by it', () => {
    const alerts = new Set([...GNUTLS_ALERTS].map((name) => name.toLowerCase()))
    for (const [direction, words, reason, fault] of SEEN) {
      if (alerts.has(words.toLowerCase())) continue
      expect(findFailureReason(words.toUpperCase(), direction)).toEqual({ reason, fault })
    }
  })

  test('every row of the tables is found by its words', () => {
    for (const [direction, words] of Object.entries(FAILURE_WORDS)) {
      for (const spelled of words.keys()) {
        expect([direction, spelled]).toEqual([direction, spelled.toLowerCase().trim()])
        expect(findFailureReason(spelled, direction as Direction)).toBe(words.get(spelled))
      }
    }
  })

  test.each([
    '',
    '-1',
    'reason=unknown',
    'reason=unknown, SSL_error=1',
    'reason=reason=no shared cipher',
    'error:0A0000C1:SSL routines::no shared cipher:',
    'rejected: no shared cipher',
    'x'.repeat(100_000),
  ])('%j is not known', (words) => {
    expect(findFailureReason(words, 'inbound')).toBeUndefined()
    expect(findFailureReason(words, 'outbound')).toBeUndefined()
  })

  test('any words are answered, and the peer is blamed only by words in the tables', () => {
    const direction = fc.constantFrom('inbound' as const, 'outbound' as const)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), direction, (words, way) => {
        return findFailureReason(words, way)?.fault !== 'peer'
      }),
    )
  })
})
