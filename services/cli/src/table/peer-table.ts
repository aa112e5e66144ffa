import type { Direction, TlsNegotiation, TlsVersion } from '@tlsrep/schemas'
import { ipText } from '@tlsrep/schemas/ip-text'

/** What one peer did, as far as it can be held against it. */
export interface PeerRow {
  direction: Direction
  peer_ip: string
  /** As the log had it last: escape control characters when it is shown. */
  peer_name: string | null
  sessions: number
  /** Sessions with mail in clear where the log proves that it was the peer's doing. */
  plaintext: number
  /** Sessions with TLS 1.1 or older. */
  deprecated: number
  /** Failed handshakes that were not our own doing. */
  failed: number
  /** Milliseconds since 1970 UTC. */
  last_seen: number
}

const DEPRECATED: ReadonlySet<TlsVersion | null> = new Set(['SSLv2', 'SSLv3', 'TLSv1_0', 'TLSv1_1'])

/** Enough for every peer of most logs in about 20 MB. */
export const MAX_PEERS = 100_000

/**
 * Counts per peer, in bounded memory: when there are too many peers, the half with the least to be held against them is forgotten. A
 * forgotten peer that comes back begins at nothing, so its counts are lower bounds. Our own machine is no peer.
 */
export class PeerTable {
  readonly #capacity: number
  readonly #rows = new Map<string, PeerRow>()
  #forgotten = 0

  constructor(capacity = MAX_PEERS) {
    this.#capacity = capacity
  }

  add(event: TlsNegotiation): void {
    if (isLoopback(event.peer_ip)) return
    const row = this.#rowOf(event)
    row.sessions++
    if (event.peer_name !== null) row.peer_name = event.peer_name
    if (event.ended_at > row.last_seen) row.last_seen = event.ended_at
    if (event.outcome === 'plaintext' && event.fault === 'peer') row.plaintext++
    if (DEPRECATED.has(event.tls_version)) row.deprecated++
    if (event.outcome === 'handshake_failed' && event.fault !== 'local' && event.fault !== 'our_floor') row.failed++
  }

  /** Peers forgotten so far; one that came back and was forgotten again counts twice. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** The peers with most to be held against them: mail in clear first, then deprecated versions, then failed handshakes. */
  worst(count: number): PeerRow[] {
    return [...this.#rows.values()].filter(hasFaults).sort(worstFirst).slice(0, count)
  }

  #rowOf(event: TlsNegotiation): PeerRow {
    const key = keyOf(event)
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    if (this.#rows.size >= this.#capacity) this.#forgetBetterHalf()
    const row: PeerRow = {
      direction: event.direction,
      peer_ip: ipText(event.peer_ip),
      peer_name: null,
      sessions: 0,
      plaintext: 0,
      deprecated: 0,
      failed: 0,
      last_seen: 0,
    }
    this.#rows.set(key, row)
    return row
  }

  #forgetBetterHalf(): void {
    const ranked = [...this.#rows].sort(([, a], [, b]) => worstFirst(a, b))
    for (const [key] of ranked.slice(this.#capacity >> 1)) {
      this.#rows.delete(key)
      this.#forgotten++
    }
  }
}

function keyOf({ direction, peer_ip }: TlsNegotiation): string {
  return String.fromCharCode(direction === 'inbound' ? 0 : 1, ...peer_ip)
}

function hasFaults(row: PeerRow): boolean {
  return row.plaintext + row.deprecated + row.failed > 0
}

function worstFirst(a: PeerRow, b: PeerRow): number {
  return (
    b.plaintext - a.plaintext ||
    b.deprecated - a.deprecated ||
    b.failed - a.failed ||
    b.last_seen - a.last_seen ||
    (a.peer_ip < b.peer_ip ? -1 : 1)
  )
}

/** 127.0.0.0/8 (mapped to IPv6) and ::1. */
function isLoopback(address: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false
  if (address[10] === 0xff && address[11] === 0xff) return address[12] === 127
  for (let index = 10; index < 15; index++) if (address[index] !== 0) return false
  return address[15] === 1
}
