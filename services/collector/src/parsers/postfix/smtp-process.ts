import { Openings } from './openings.ts'
import type { OutboundSession } from './outbound-session.ts'

/** A process of smtp or lmtp: it opens one connection after the other, for one message or, reused, for several. */
export class SmtpProcess {
  open: OutboundSession | null = null
  readonly openings = new Openings()
  lastAt = 0
  /** Queue id, relay and delays of the last delivery line: further recipients of it are no further connections. */
  lastDelivery = ''
  /** Address of the peer whose TLS failed or broke in the connection before. */
  failedPeer = ''
  proxyDown = false
  /** Address of the peer that the report says did not offer STARTTLS. */
  notOfferedBy = ''
}
