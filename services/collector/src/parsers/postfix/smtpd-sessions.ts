import type { LogLine } from '../../framing/framing.ts'
import type { LineClass } from '../parser.ts'
import type { Service } from './host.ts'
import { learn } from './listener-learning.ts'
import { createNamaddr, hasIp, isPeerOf, scanNamaddr } from './namaddr.ts'
import { PeerAddress } from './peer-address.ts'
import { peerName } from './peer-name.ts'
import { ProcessTable } from './process-table.ts'
import type { SessionTable } from './session-table.ts'
import { REORDER_MS, SmtpdProcess } from './smtpd-process.ts'
import { InboundSession } from './smtpd-session.ts'

/** Openings that are equal fall into one stamp: a minute is far more than their ordinals need. */
const FORGOTTEN_AFTER_MS = 60_000

/**
 * Joins lines of smtpd to sessions: by pid, and by the peer that the line names. The reader scans that into `peer` before it asks whose
 * the line is.
 */
export class SmtpdSessions {
  readonly #table: SessionTable
  readonly #emit: (session: InboundSession) => void
  readonly #end = (process: SmtpdProcess, session: InboundSession): void => {
    const { before } = process
    if (before === session) process.before = null
    else {
      process.open = null
      process.before = null
      // A line of another peer in the middle of a session, late on its way: the session goes on. Else its end was not logged.
      if (before !== null && session.headless && Math.abs(session.lastAt - before.lastAt) <= REORDER_MS)
        process.open = before
      else before?.cut()
    }
    this.#table.remove(session)
    this.#emit(session)
    learn(session)
  }

  readonly processes = new ProcessTable(() => new SmtpdProcess(this.#end))
  readonly peer = createNamaddr()
  readonly #address = new PeerAddress()

  constructor(table: SessionTable, emit: (session: InboundSession) => void) {
    this.#table = table
    this.#emit = emit
  }

  /** The session that the peer just scanned belongs to, or null. */
  owner(process: SmtpdProcess, bytes: DataView): InboundSession | null {
    const { open, before } = process
    if (open !== null && isPeerOf(open, bytes, this.peer)) return open
    if (before !== null && isPeerOf(before, bytes, this.peer)) return before
    return null
  }

  ownerOrHeadless(line: LogLine, service: Service): InboundSession | null {
    const process = this.processes.of(service, line.pid)
    const owner = this.owner(process, line.bytes)
    if (owner !== null) {
      this.join(owner, line)
      return owner
    }
    if (this.isClosed(process, line.bytes) && Math.abs(line.time - process.closedAt) <= REORDER_MS) return null
    if (!this.hasAddress(line)) return null
    if (process.open !== null) this.setAside(process, process.open, line.bytes)
    return this.open(line, service, process, true)
  }

  open(line: LogLine, service: Service, process: SmtpdProcess, headless: boolean): InboundSession {
    const { port } = this.peer
    const { text: ip } = this.#address
    const key = String(line.pid)
    const name = peerName(line, this.peer)
    const session = new InboundSession(
      service,
      key,
      {
        id: process.openings.next(line, service, key),
        at: line.time,
        source: line.source,
        offset: line.offset,
      },
      headless,
      { name: name === 'unknown' || name === '' ? null : name, ip, port },
      process,
    )
    this.#table.add(session)
    process.open = session
    process.seen = true
    return session
  }

  /** A line of another peer has come while `open` has no end: late on its way, lost, or a proxy gave the client's address (XCLIENT). */
  setAside(process: SmtpdProcess, open: InboundSession, bytes: DataView): void {
    process.before?.cut()
    if (isPeerOf(open, bytes, this.peer)) open.cut()
    else {
      process.before = open
      process.open = null
    }
  }

  mergeProxied(process: SmtpdProcess, session: InboundSession): void {
    const { before } = process
    if (before === null || !session.headless) return
    process.before = null
    this.#table.remove(before)
    this.#table.counts.opened--
    session.opening = before.opening
    session.headless = before.headless
  }

  isClosed(process: SmtpdProcess, bytes: DataView): boolean {
    return hasIp(bytes, this.peer, process.closedIp)
  }

  /** Whether the namaddr at `at` is the session's peer; leaves it scanned. */
  names(session: InboundSession | null, bytes: DataView, at: number, end: number): boolean {
    return session !== null && scanNamaddr(bytes, at, end, this.peer) && isPeerOf(session, bytes, this.peer)
  }

  hasAddress(line: LogLine): boolean {
    return this.#address.take(line, this.peer)
  }

  joined(session: InboundSession | null, line: LogLine): LineClass {
    if (session !== null) this.join(session, line)
    return 'joined'
  }

  join(session: InboundSession, line: LogLine): void {
    session.endOffset = line.offset
    this.#table.touch(session, line.time)
  }

  /** Forgets processes that have no session; their pids may serve another program by now. */
  sweep(service: Service): void {
    const { clock } = service.instance.host
    this.processes.sweep(
      service,
      ({ open, before, closedAt }) =>
        open === null && before === null && Math.abs(clock - closedAt) > FORGOTTEN_AFTER_MS,
    )
  }

  forget(service: Service): void {
    this.processes.forget(service)
  }
}
