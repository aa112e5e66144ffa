import { JSON_WRITERS } from './json.generated.ts'
import type { RecordName } from './record-names.ts'
import type { RecordTypes, TlsNegotiation } from './records.generated.ts'

/**
 * A record as one line of JSON, with the Avro field names in the schema's order. Times are RFC 3339 UTC with milliseconds, dates are
 * YYYY-MM-DD, addresses canonical text, other fixed values hexadecimal digits, byte strings base64; everything else is as it is.
 * Control characters in text are escaped, those that JSON itself would let through too.
 */
export function recordToJson<N extends RecordName>(name: N, record: RecordTypes[N]): string {
  return JSON_WRITERS[name](record)
}

/** One event as one line of JSON, as `tlsrep parse` prints it. */
export function toJson(event: TlsNegotiation): string {
  return JSON_WRITERS.TlsNegotiation(event)
}
