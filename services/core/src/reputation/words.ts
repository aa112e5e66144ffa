import type { Uncounted } from './evidence-days.ts'
import type { Kind } from './kinds.ts'

const KIND_WORDS: Record<Kind, string> = {
  plaintext: 'sent mail in clear although STARTTLS was on offer',
  history_regression: 'of them after this sender had always used TLS',
  downgrade: 'pairs of a failed handshake and mail in clear soon after',
  tls_version_phase_out: 'used a TLS version that is being phased out',
  tls_version_insufficient: 'used TLS 1.0 or 1.1',
  tls_version_forbidden: 'used SSL 2 or 3',
  encryption_phase_out: 'used a dated cipher',
  encryption_insufficient: 'used a cipher with 64-bit blocks',
  encryption_forbidden: 'used no or broken encryption (NULL, EXPORT, RC4, RC2, DES)',
  integrity_phase_out: 'used a dated MAC',
  integrity_insufficient: 'used a weak MAC',
  integrity_forbidden: 'used MD5',
  key_exchange_phase_out: 'used a dated key exchange',
  key_exchange_insufficient: 'used a key exchange without forward secrecy or with a weak signature',
  key_exchange_forbidden: 'used a forbidden key exchange',
  tls: 'used TLS as they should',
}

export function kindWords(kind: Kind): string {
  return KIND_WORDS[kind]
}

const UNCOUNTED_WORDS: Record<Uncounted, string> = {
  outbound: 'sent by us',
  excused: 'excused because the trouble was not the sender’s',
  not_peer: 'where the log does not prove that the sender caused it',
  no_weight: 'with an outcome that says nothing by itself',
  future: 'dated in the future',
}

export function uncountedWords(why: Uncounted): string {
  return UNCOUNTED_WORDS[why]
}

/** `2026-11-25` */
export function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10)
}

/** `2026-11-25 13:56 UTC`, the minute that has begun. */
export function momentText(moment: number): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** A share as per cent with one decimal, rounded down, so that what falls short of a bound never looks as if it reached it. */
export function shareText(share: number): string {
  return `${(Math.floor(share * 1000 + 1e-9) / 10).toFixed(1)} %`
}

/** A number of decayed sessions with one decimal, rounded down for the same reason. */
export function amountText(amount: number): string {
  return (Math.floor(amount * 10 + 1e-9) / 10).toFixed(1)
}

/** Thousandths as a number of sessions: `1`, `0.4`. */
export function weightText(thousandths: number): string {
  return String(thousandths / 1000)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
