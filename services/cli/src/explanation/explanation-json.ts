import type { SenderExplanation } from '@tlsrep/scorer/explain'

const DAY_MS = 86_400_000

/** Keys that hold a moment in milliseconds; everywhere in JSON that people and scripts see, such a moment is RFC 3339. */
const MOMENTS: ReadonlySet<string> = new Set([
  'now',
  'until',
  'listed_at',
  'updated_at',
  'expires_at',
  'review_at',
  'created_at',
  'written_at',
  'observed_at',
  'failed_at',
  'scored_at',
  'clears_at',
])
/** Keys that hold a UTC day as a number of days since 1970. */
const DAYS: ReadonlySet<string> = new Set(['day', 'listed_on', 'first_evidence_day', 'last_evidence_day'])

/** All that is known of a sender as one JSON object: moments as RFC 3339, days as YYYY-MM-DD, bytes as hexadecimal. */
export function explanationJson(facts: SenderExplanation): string {
  return JSON.stringify(facts, function readable(this: Record<string, unknown>, key: string, value: unknown): unknown {
    // As it stands in the object: Buffers have been made something else by their toJSON.
    const own = this[key]
    if (own instanceof Uint8Array) return Buffer.from(own).toString('hex')
    if (typeof value !== 'number') return value
    if (MOMENTS.has(key)) return new Date(value).toISOString()
    return DAYS.has(key) ? new Date(value * DAY_MS).toISOString().slice(0, 10) : value
  })
}
