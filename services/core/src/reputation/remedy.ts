import type { ListingReason } from '@tlsrep/schemas'

const USE_TLS =
  'Use TLS whenever the receiving server offers STARTTLS. Postfix: smtp_tls_security_level = may. Exim: no hosts_avoid_tls that matches in the smtp transport. Sendmail: no Try_TLS: NO in the access map. Exchange: Set-SendConnector -IgnoreSTARTTLS $false.'

const REMEDIES: Record<ListingReason, string> = {
  plaintext: USE_TLS,
  history_regression: `This sender used TLS before and stopped: look for a change of configuration, an expired or unreadable certificate or key, a host that was added, or a firewall that removes STARTTLS from the EHLO reply. ${USE_TLS}`,
  downgrade:
    'Handshakes failed and mail then went in clear: try openssl s_client -starttls smtp -connect HOST:25 from the sending host, and bring its TLS library up to date.',
  deprecated_version:
    'Use TLS 1.2 or 1.3: bring the TLS library up to date, and remove settings that hold it at older versions (Postfix: smtp_tls_protocols). Do not turn TLS off: mail in clear weighs more.',
  weak_cipher:
    'Offer ECDHE with AES-GCM or ChaCha20-Poly1305: bring the TLS library up to date, and remove settings that allow only old ciphers (Postfix: smtp_tls_ciphers, smtp_tls_exclude_ciphers).',
  handshake_failures:
    'Find out why handshakes fail: try openssl s_client -starttls smtp -connect HOST:25 from the sending host.',
  operator_deny: 'An operator of the receiving side listed this sender by hand: write to its postmaster.',
}

/** What a sender's postmaster can do, for the reasons given, the heaviest first; empty without reasons. */
export function remedyFor(reasons: readonly ListingReason[]): string {
  // The advice for a regression holds that for mail in clear.
  const wanted = reasons.includes('history_regression') ? reasons.filter((reason) => reason !== 'plaintext') : reasons
  return wanted.map((reason) => REMEDIES[reason]).join(' ')
}
