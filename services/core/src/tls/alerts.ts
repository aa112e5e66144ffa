import { type FailureVerdict, verdict } from './failure-words.ts'

const peerAlert = verdict('peer_alert', 'unknown')
const rejectedCertificate = verdict('peer_rejected_our_certificate', 'unknown')

// Alerts that say more than that there was one. Names without blanks, in lower case: TLS's own (RFC 8446 §6.2), which
// OpenSSL and rustls use, then GnuTLS's (lib/alert.c).
const TELLING: readonly (readonly [FailureVerdict, ...string[]])[] = [
  [
    rejectedCertificate,
    'badcertificate',
    'unsupportedcertificate',
    'certificaterevoked',
    'certificateexpired',
    'certificateunknown',
    'unknownca',
    'badcertificatestatusresponse',
    'badcertificatehashvalue',
    'certificateisbad',
    'certificateisnotsupported',
    'certificatewasrevoked',
    'certificateisexpired',
    'unknowncertificate',
    'caisunknown',
  ],
  [verdict('peer_rejected_version', 'unknown'), 'protocolversion', 'errorinprotocolversion'],
  [verdict('peer_internal_error', 'peer'), 'internalerror'],
  [verdict('fallback_signalled', 'unknown'), 'inappropriatefallback'],
  [verdict('connection_lost', 'unknown'), 'closenotify'],
]

const telling = new Map(TELLING.flatMap(([found, ...names]) => names.map((name) => [name, found] as const)))

/** What an alert from the peer means, by its name in any library's spelling; an alert that is not told apart is one still. */
export function alertVerdict(name: string): FailureVerdict {
  return telling.get(squash(name)) ?? peerAlert
}

function squash(name: string): string {
  return name.toLowerCase().replaceAll(' ', '').replaceAll('_', '')
}

/** GnuTLS's alert names, as gnutls_alert_get_name prints them. */
export const GNUTLS_ALERTS: ReadonlySet<string> = new Set([
  'Close notify',
  'Unexpected message',
  'Bad record MAC',
  'Decryption failed',
  'Record overflow',
  'Decompression failed',
  'Handshake failed',
  'No certificate (SSL 3.0)',
  'Certificate is bad',
  'Certificate is not supported',
  'Certificate was revoked',
  'Certificate is expired',
  'Unknown certificate',
  'Illegal parameter',
  'CA is unknown',
  'Access was denied',
  'Decode error',
  'Decrypt error',
  'Export restriction',
  'Error in protocol version',
  'Insufficient security',
  'Internal error',
  'Inappropriate fallback',
  'User canceled',
  'No renegotiation is allowed',
  'An extension was expected but was not seen',
  'An unsupported extension was sent',
  'Could not retrieve the specified certificate',
  'The server name sent was not recognized',
  'The SRP/PSK username is missing or not known',
  'No supported application protocol could be negotiated',
])

// Words before an alert's name: OpenSSL's (ssl/ssl_err.c; 3.5 renamed sslv3 to ssl/tls), Exim's with GnuTLS (tls-gnu.c),
// rustls's. "alert " alone is OpenSSL's text shortened.
const ALERT_PREFIXES: readonly string[] = [
  'sslv3 alert ',
  'ssl/tls alert ',
  'tlsv1 alert ',
  'tlsv1.3 alert ',
  'tlsv13 alert ',
  'alert ',
  'rxd alert: ',
  'received fatal alert: ',
  'a tls fatal alert has been received: ',
]

// Extension alerts (RFC 6066), which OpenSSL spells without the word.
const WORDLESS: ReadonlySet<string> = new Set([
  'tlsv1 unrecognized name',
  'tlsv1 unsupported extension',
  'tlsv1 certificate unobtainable',
  'tlsv1 bad certificate status response',
  'tlsv1 bad certificate hash value',
])

/** The name of the alert that the peer sent, if the words, in lower case, say that it sent one. */
export function alertName(lower: string): string | undefined {
  const prefix = ALERT_PREFIXES.find((start) => lower.startsWith(start))
  if (prefix !== undefined) return lower.slice(prefix.length)
  return WORDLESS.has(lower) ? lower.slice('tlsv1 '.length) : undefined
}
