import type { LinePlace, SessionCounts } from '../parser.ts'

/** What the table knows of a host: its clock, and its open sessions in the order of their last lines. */
export interface SessionHost {
  /** Log time of its newest line, milliseconds. */
  clock: number
  silentMost: OpenSession | null
  silentLeast: OpenSession | null
}

/** A session of which the end has not been seen. Held in its host's list, the longest silent first. */
export interface OpenSession {
  readonly host: SessionHost
  /** Where its first line is. */
  readonly opening: LinePlace
  /** Log time of its last line, milliseconds. */
  lastAt: number
  silentMore: OpenSession | null
  silentLess: OpenSession | null
  /** Ends the session here: its end was not logged, or it fell silent, or the table is full. Must call `SessionTable.remove`. */
  cut(): void
}

/**
 * A session silent for longer than this is over: smtpd_timeout, smtp_data_done_timeout and the TLS time-outs are 300 to 600 s by
 * default, and a client may need several of them in a row without a line.
 */
const SILENT_MS = 3_600_000

/** A host that is this far behind the newest line of its input has stopped logging: its sessions must not wait for it. */
const HOST_SILENT_MS = 86_400_000

/**
 * The open sessions of a parser, bounded. Time-outs run on the log time of each host, so that a slow reader or a replay closes the same
 * sessions at the same lines; every operation is O(1).
 */
export class SessionTable {
  readonly counts: SessionCounts = { opened: 0, emitted: 0, open: 0, handedOver: 0 }
  readonly #max: number
  readonly #hosts: Map<string, SessionHost>
  #turn: Iterator<SessionHost>

  constructor(max: number, hosts: Map<string, SessionHost>) {
    this.#max = Math.max(1, max)
    this.#hosts = hosts
    this.#turn = hosts.values()
  }

  add(session: OpenSession): void {
    if (this.counts.open >= this.#max) this.#evict(session.host)
    this.counts.opened++
    this.counts.open++
    append(session)
  }

  touch(session: OpenSession, at: number): void {
    session.lastAt = at
    if (session.host.silentLeast === session) return
    unlink(session)
    append(session)
  }

  remove(session: OpenSession): void {
    unlink(session)
    this.counts.open--
  }

  /** Cuts what has been silent for too long on this host's own clock. A clock set back by more than that ends them as well. */
  expire(host: SessionHost): void {
    for (let oldest = host.silentMost; oldest !== null; oldest = host.silentMost) {
      if (Math.abs(host.clock - oldest.lastAt) <= SILENT_MS) return
      oldest.cut()
    }
  }

  /** Cuts the sessions of hosts that have been silent for a day of the input's time. */
  expireSilentHosts(newest: number): void {
    for (const host of this.#hosts.values()) {
      if (newest - host.clock > HOST_SILENT_MS) cutAll(host)
    }
  }

  /** Where the session begins that comes first by `isBefore`; null when none is open. */
  oldest(isBefore: (a: LinePlace, b: LinePlace) => boolean): LinePlace | null {
    let oldest: LinePlace | null = null
    for (const host of this.#hosts.values()) {
      for (let session = host.silentMost; session !== null; session = session.silentLess) {
        if (oldest === null || isBefore(session.opening, oldest)) oldest = session.opening
      }
    }
    return oldest && { source: oldest.source, offset: oldest.offset }
  }

  cutAll(): void {
    for (const host of this.#hosts.values()) cutAll(host)
  }

  /**
   * The longest silent session of the busy host goes; where it has none, one of the next host in turn, so that hosts without any are not
   * passed over again and again.
   */
  #evict(busy: SessionHost): void {
    if (busy.silentMost !== null) {
      busy.silentMost.cut()
      return
    }
    for (let turns = 0; turns < 2; turns++) {
      for (let next = this.#turn.next(); !next.done; next = this.#turn.next()) {
        if (next.value.silentMost === null) continue
        next.value.silentMost.cut()
        return
      }
      this.#turn = this.#hosts.values()
    }
  }
}

function cutAll(host: SessionHost): void {
  while (host.silentMost !== null) host.silentMost.cut()
}

function append(session: OpenSession): void {
  const { host } = session
  session.silentMore = host.silentLeast
  session.silentLess = null
  if (host.silentLeast === null) host.silentMost = session
  else host.silentLeast.silentLess = session
  host.silentLeast = session
}

function unlink(session: OpenSession): void {
  const { host, silentMore, silentLess } = session
  if (silentMore === null) host.silentMost = silentLess
  else silentMore.silentLess = silentLess
  if (silentLess === null) host.silentLeast = silentMore
  else silentLess.silentMore = silentMore
  session.silentMore = null
  session.silentLess = null
}
