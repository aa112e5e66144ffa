import { startedTls } from './event.ts'
import type { InboundSession } from './smtpd-session.ts'

/** What the session has shown about its listener; after it was judged, since a session is no witness in its own case. */
export function learn(session: InboundSession): void {
  const { service, counters } = session
  if (counters?.xclient) return
  const tls = session.established !== null || session.failure !== null
  if (startedTls(session) && (counters !== null || service.starttlsSeen || !service.countersSeen)) {
    service.listener.show(session.lastAt)
    if (counters !== null) service.starttlsSeen = true
  }
  if (counters === null || session.truncated) return
  if (tls && counters.starttlsAll < 0 && (session.established !== null || counters.commandsAll === 0))
    service.implicitSeen = true
  if (!tls && counters.starttlsAll < 0 && counters.mailOk > 0 && !service.implicitOnly)
    service.listener.acceptedClear = true
}
