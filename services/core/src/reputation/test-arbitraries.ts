import { FAULTS, OUTCOMES, TLS_VERSIONS } from '@tlsrep/schemas'
import fc from 'fast-check'
import { DAY_MS } from './decay.ts'
import type { EvidenceRow } from './evidence-row.ts'
import { TODAY } from './test-rows.ts'

const CIPHERS = [
  null,
  'TLS_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_RSA_WITH_RC4_128_SHA',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
]

const dayArbitrary = fc.integer({ min: TODAY - 60, max: TODAY })
const sessionsArbitrary = fc.oneof(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 400 }))

/** Any row that a view could hold, whether it counts or not. */
const anyRow: fc.Arbitrary<EvidenceRow> = fc.record({
  day: dayArbitrary,
  direction: fc.constantFrom('inbound', 'inbound', 'inbound', 'outbound'),
  listener: fc.constantFrom('mx', 'mx2', null),
  outcome: fc.constantFrom(...OUTCOMES),
  fault: fc.constantFrom(...FAULTS),
  tls_version: fc.constantFrom(...TLS_VERSIONS, null),
  cipher: fc.constantFrom(...CIPHERS),
  downgrade: fc.constantFrom(null, null, null, 'D2'),
  excused: fc.boolean(),
  sessions: sessionsArbitrary,
  mails_accepted: fc.nat(5),
  mails_rejected: fc.nat(5),
  mails_plaintext: fc.nat(5),
})

/** A row that does count: mail in clear, a pair, or TLS of some version. */
const countingRow: fc.Arbitrary<EvidenceRow> = anyRow.chain((row) =>
  fc.constantFrom<EvidenceRow>(
    { ...row, ...INBOUND, outcome: 'plaintext', fault: 'peer', downgrade: null },
    { ...row, ...INBOUND, outcome: 'plaintext', fault: 'peer', downgrade: null },
    { ...row, ...INBOUND, outcome: 'plaintext', fault: 'peer', downgrade: 'D2', sessions: Math.min(row.sessions, 5) },
    { ...row, ...INBOUND, outcome: 'negotiated', fault: 'none', downgrade: null },
    { ...row, ...INBOUND, outcome: 'negotiated', fault: 'none', downgrade: null, tls_version: 'TLSv1_3', cipher: null },
  ),
)

const INBOUND = { direction: 'inbound', excused: false } as const

export const rowsArbitrary = fc.array(
  fc.oneof({ weight: 4, arbitrary: countingRow }, { weight: 1, arbitrary: anyRow }),
  {
    minLength: 1,
    maxLength: 16,
  },
)

/** A moment of TODAY. */
export const momentArbitrary = fc.integer({ min: TODAY * DAY_MS, max: (TODAY + 1) * DAY_MS - 1 })
