import type { TlsNegotiation } from '@tlsrep/schemas'

/** An event for tests: an ordinary inbound session, but for what is given. */
export function testEvent(fields: Partial<TlsNegotiation> = {}): TlsNegotiation {
  return {
    event_id: new Uint8Array(16),
    observed_at: 0,
    ended_at: 0,
    collector: '',
    mta: 'postfix',
    host: 'mx1',
    service: 'postfix/smtpd',
    listener: 'mx',
    direction: 'inbound',
    session_key: '1',
    peer_ip: ipv4(192, 0, 2, 1),
    peer_port: 25_000,
    sender: '192.0.2.1/32',
    peer_name: null,
    helo: null,
    sender_domain: null,
    queue_ids: [],
    outcome: 'negotiated',
    proof: 'stated',
    truncated: false,
    log_loss: false,
    tls_version: 'TLSv1_3',
    cipher_code: null,
    cipher: null,
    cipher_raw: null,
    secret_bits: null,
    key_exchange_group: null,
    server_signature: null,
    forward_secrecy: null,
    aead: null,
    post_quantum: null,
    resumed: null,
    peer_certificate: null,
    peer_certificate_fingerprint: null,
    sni: null,
    authenticated: null,
    starttls_offered: null,
    starttls_used: null,
    implicit_tls: null,
    mails_attempted: null,
    mails_accepted: null,
    mails_rejected: null,
    mails_plaintext: null,
    failure_reason: null,
    error_text: null,
    fault: 'none',
    tls_policy: null,
    source_name: 'log',
    source_offset: 0,
    source_end: 0,
    ...fields,
  }
}

/** An IPv4 address as the record holds it. */
export function ipv4(a: number, b: number, c: number, d: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d)
}
