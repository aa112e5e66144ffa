import { Openings } from './openings.ts'
import type { InboundSession, SessionOwner } from './smtpd-session.ts'

/** Lines of one process that come within this time of each other may have been put out of order on their way. */
export const REORDER_MS = 2_000

/** A process of smtpd: it serves one client at a time, so its pid joins the lines between connect and disconnect. */
export class SmtpdProcess implements SessionOwner {
  readonly #end: (process: SmtpdProcess, session: InboundSession) => void
  open: InboundSession | null = null
  /** A session whose end is missing or late, when a line of another peer has come. */
  before: InboundSession | null = null
  readonly openings = new Openings()
  /** A session of this process was seen before. */
  seen = false
  closedIp = ''
  closedAt = Number.NEGATIVE_INFINITY

  constructor(end: (process: SmtpdProcess, session: InboundSession) => void) {
    this.#end = end
  }

  ended(session: InboundSession): void {
    this.#end(this, session)
  }
}
