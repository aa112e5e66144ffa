import type { TlsNegotiation } from '@tlsrep/schemas'

/** Something that the log cannot prove, and the setting that would change it. */
export interface BlindSpot {
  name: string
  sessions: number
  what: string
  remedy: string
}

interface Rule {
  name: string
  applies: (event: TlsNegotiation) => boolean
  what: string
  remedy: string
}

const isPostfix = (event: TlsNegotiation): boolean => event.mta === 'postfix'

/** In the order in which a postmaster should act on them. */
const RULES: readonly Rule[] = [
  {
    name: 'inbound_version_not_logged',
    applies: (event) =>
      isPostfix(event) && event.direction === 'inbound' && event.outcome === 'negotiated' && event.tls_version === null,
    what: 'version and cipher of inbound sessions with TLS',
    remedy: 'smtpd_tls_loglevel = 1',
  },
  {
    name: 'outbound_not_logged',
    applies: (event) =>
      isPostfix(event) &&
      event.direction === 'outbound' &&
      (event.outcome === 'unknown' || (event.outcome === 'negotiated' && event.tls_version === null)),
    what: 'whether, or how, outbound sessions used TLS',
    remedy: 'smtp_tls_loglevel = 1',
  },
  {
    name: 'outbound_by_absence',
    applies: (event) =>
      isPostfix(event) && event.direction === 'outbound' && event.outcome !== 'unknown' && event.proof === 'by_absence',
    what: 'outbound sessions known only because a line is missing, not because one says so',
    remedy: 'Postfix 3.11 or newer, which writes tls= (smtp_log_tls_feature_status = yes, its default)',
  },
  {
    name: 'log_loss',
    applies: (event) => event.log_loss,
    what: 'sessions in an hour in which their host lost log lines: there, a missing line proves nothing',
    remedy:
      'raise the rate limits: RateLimitBurst in journald.conf; RateLimit.Burst of imuxsock or imjournal in rsyslog.conf',
  },
  {
    name: 'truncated',
    applies: (event) => event.truncated,
    what: 'the beginning or the end of sessions',
    remedy: 'name the files before and after as well, oldest first; more than a few in the middle are lost lines',
  },
]

const NO_PORT: Omit<Rule, 'applies'> = {
  name: 'postscreen_without_ports',
  what: 'the client port of inbound sessions, which alone joins them to the lines of postscreen for certain',
  remedy: 'smtpd_client_port_logging = yes',
}

/** Listeners that are told apart; those after them are not judged. */
const MAX_LISTENERS = 1000

interface Listener {
  name: string
  showedTls: boolean
  notOffered: number
}

/** Finds out what the events leave open. Each spot is reported only where events show it, with their number. */
export class BlindSpots {
  readonly #counts = new Map<string, number>()
  readonly #listeners = new Map<string, Listener>()
  #withoutPort = 0
  #postscreen = false

  add(event: TlsNegotiation): void {
    for (const rule of RULES) if (rule.applies(event)) this.#count(rule.name)
    if (event.direction !== 'inbound') return
    this.#notePort(event)
    this.#noteListener(event)
  }

  /** @param handedOver sessions that postscreen passed on; they have no event of their own */
  report(handedOver: number): BlindSpot[] {
    const spots = RULES.map(({ name, what, remedy }) => ({ name, sessions: this.#counts.get(name) ?? 0, what, remedy }))
    if (this.#postscreen || handedOver > 0) {
      spots.push({ ...NO_PORT, sessions: this.#withoutPort })
    }
    return [...this.#listenersWithoutTls(), ...spots].filter(({ sessions }) => sessions > 0)
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  #notePort(event: TlsNegotiation): void {
    if (!isPostfix(event)) return
    if (event.service.includes('postscreen')) this.#postscreen = true
    else if (event.peer_port === null) this.#withoutPort++
  }

  #noteListener(event: TlsNegotiation): void {
    if (!isPostfix(event)) return
    const name = `${event.service} on ${event.host}`
    let listener = this.#listeners.get(name)
    if (listener === undefined) {
      if (this.#listeners.size >= MAX_LISTENERS) return
      listener = { name, showedTls: false, notOffered: 0 }
      this.#listeners.set(name, listener)
    }
    if (event.outcome === 'negotiated' || event.outcome === 'handshake_failed') listener.showedTls = true
    if (event.outcome === 'not_offered') listener.notOffered++
  }

  #listenersWithoutTls(): BlindSpot[] {
    return [...this.#listeners.values()]
      .filter(({ showedTls, notOffered }) => !showedTls && notOffered > 0)
      .map(({ name, notOffered }) => ({
        name: 'starttls_off',
        sessions: notOffered,
        what: `what TLS the senders could do: ${name} offers no STARTTLS`,
        remedy: 'smtpd_tls_security_level = may (with a certificate)',
      }))
  }
}
