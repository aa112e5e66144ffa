/** What the DNSBL did since it was opened, beside the actions (action-tally.ts, one for each question for A in the main zone). */
export interface DnsblCounters {
  queries_udp: number
  queries_tcp: number
  /** Questions for A or TXT that were answered with a record: in the main zone, in the observe zone, for the test entry. */
  listed: number
  listed_observe: number
  test_entry: number
  /** Questions for an address that is not listed in that zone. */
  not_listed: number
  /** For a zone that is not ours, or for a zone transfer. */
  refused: number
  /** Answered FORMERR. */
  malformed: number
  /** Answered NOTIMP or BADVERS. */
  unsupported: number
  /** Not answered: no header, itself an answer, or from a port that cannot be answered. */
  silent: number
  truncated: number
  /** Answered as not listed because the look-up failed, or not answered because of a mistake of ours. */
  failed_open: number
  /** Replies that the socket did not take. */
  unsent: number
  tcp_connections: number
  /** Closed at once because as many as allowed were open. */
  tcp_refused: number
  /** Closed because no whole query came in time, or the client did not read. */
  tcp_timed_out: number
  /** Closed because of what was sent: a frame too short or too long for a query, or itself an answer. */
  tcp_garbage: number
}

export function createCounters(): DnsblCounters {
  return {
    queries_udp: 0,
    queries_tcp: 0,
    listed: 0,
    listed_observe: 0,
    test_entry: 0,
    not_listed: 0,
    refused: 0,
    malformed: 0,
    unsupported: 0,
    silent: 0,
    truncated: 0,
    failed_open: 0,
    unsent: 0,
    tcp_connections: 0,
    tcp_refused: 0,
    tcp_timed_out: 0,
    tcp_garbage: 0,
  }
}
