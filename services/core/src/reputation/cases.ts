import { DAY_MS, noonOf } from './decay.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { NOON, pairs, plaintext, TODAY, tls } from './test-rows.ts'

/** A sender as docs/reputation.md tells of it. `now` is 12:00 UTC of the last day unless given. */
export interface Case {
  evidence: string
  rows: readonly EvidenceRow[]
  now?: number
}

const days = (count: number, row: (day: number) => EvidenceRow): EvidenceRow[] =>
  Array.from({ length: count }, (_, i) => row(TODAY - count + 1 + i))

const NO_FS = 'TLS_RSA_WITH_AES_128_GCM_SHA256'
const TRIPLE_DES = 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'

/** What the default policy makes of typical senders; the table in docs/reputation.md. */
export const CASES: readonly Case[] = [
  { evidence: '7 in clear, one day', rows: [plaintext(7)] },
  { evidence: '8 in clear, one day', rows: [plaintext(8)] },
  { evidence: '9 in clear, one day', rows: [plaintext(9)] },
  { evidence: '12 in clear, one day', rows: [plaintext(12)] },
  { evidence: '12 in clear, one a day', rows: days(12, (day) => plaintext(1, day)) },
  { evidence: '1 in clear a week, for a year', rows: days(365, (day) => plaintext(day % 7 === 0 ? 1 : 0, day)) },
  { evidence: '12 in clear, 21 days ago', rows: [plaintext(12)], now: NOON + 21 * DAY_MS },
  { evidence: '12 in clear, 23 days ago', rows: [plaintext(12)], now: NOON + 23 * DAY_MS },
  {
    evidence: '12 in clear, then 50 TLS 1.3 a day for a week',
    rows: [plaintext(12, TODAY - 7), ...days(7, (day) => tls(50, day))],
  },
  { evidence: '500 in clear, 500 TLS 1.3', rows: [plaintext(500), tls(500)] },
  { evidence: '10 in clear, 10 TLS 1.3', rows: [plaintext(10), tls(10)] },
  { evidence: '2 in clear, 200 TLS 1.3', rows: [plaintext(2), tls(200)] },
  { evidence: '20 in clear, 180 TLS 1.3', rows: [plaintext(20), tls(180)] },
  { evidence: '30 in clear, 170 TLS 1.3', rows: [plaintext(30), tls(170)] },
  { evidence: '20 TLS 1.2, then 12 in clear', rows: [tls(20, TODAY - 1, 'TLSv1_2'), plaintext(12)] },
  {
    evidence: '24 TLS 1.2 over 3 days, then 12 in clear',
    rows: [...[3, 2, 1].map((ago) => tls(8, TODAY - ago, 'TLSv1_2')), plaintext(12)],
  },
  { evidence: '40 in clear, 60 TLS 1.3', rows: [plaintext(40), tls(60)] },
  { evidence: '40 in clear after a failed handshake each, 60 TLS 1.3', rows: [plaintext(40), pairs(40), tls(60)] },
  { evidence: '30 TLS 1.0', rows: [tls(30, TODAY, 'TLSv1_0')] },
  { evidence: '1,000 TLS 1.0', rows: [tls(1000, TODAY, 'TLSv1_0')] },
  { evidence: '1,000 TLS 1.0 with 3DES', rows: [tls(1000, TODAY, 'TLSv1_0', TRIPLE_DES)] },
  { evidence: '1,000 SSL 3', rows: [tls(1000, TODAY, 'SSLv3')] },
  { evidence: '1,000 TLS 1.2 with RC4', rows: [tls(1000, TODAY, 'TLSv1_2', 'TLS_RSA_WITH_RC4_128_SHA')] },
  { evidence: '1,000 TLS 1.2 with 3DES', rows: [tls(1000, TODAY, 'TLSv1_2', TRIPLE_DES)] },
  { evidence: '1,000 TLS 1.2 without forward secrecy', rows: [tls(1000, TODAY, 'TLSv1_2', NO_FS)] },
  {
    evidence: '1,000 TLS 1.2, anonymous ECDH',
    rows: [tls(1000, TODAY, 'TLSv1_2', 'TLS_ECDH_anon_WITH_AES_256_CBC_SHA')],
  },
  { evidence: '1,000 TLS 1.2', rows: [tls(1000, TODAY, 'TLSv1_2')] },
  { evidence: '1,000 TLS 1.3', rows: [tls(1000)] },
  { evidence: '500 failed handshakes', rows: [{ ...plaintext(500), outcome: 'handshake_failed' }] },
  { evidence: '500 in clear, not the sender’s fault', rows: [{ ...plaintext(500), fault: 'unknown' }] },
  { evidence: '500 in clear, excused', rows: [{ ...plaintext(500), excused: true }] },
]

export function nowOf({ rows, now }: Case): number {
  return now ?? noonOf(Math.max(...rows.map(({ day }) => day)))
}
