import type { SecureVersion } from 'node:tls'

/** One SMTP session that a peer is to have with the mail host. */
export interface SmtpJob {
  /** The peer's address, one of the host's network: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32. */
  from: string
  /** Where to; the host's MX address unless given. */
  to?: string
  /** 25 unless given. */
  port?: number
  helo?: string
  tls: 'none' | 'starttls' | 'wrapper'
  /**
   * How the handshake goes: to its end, unless given. `garbage`: the peer answers 220 with what is not TLS; `close`: it closes the
   * connection there.
   */
  handshake?: 'complete' | 'garbage' | 'close'
  minVersion?: SecureVersion
  maxVersion?: SecureVersion
  /** OpenSSL cipher list. */
  ciphers?: string
  /** Messages; one unless given. With 0 the session ends after the greeting (and the handshake). */
  mails?: number
  mailFrom?: string
  rcptTo?: string
  subject?: string
}

export interface SmtpReply {
  /** `CONNECT` for the banner, else the verb that was answered; `DATA.` for the end of a message. */
  to: string
  code: number
  /** Lines after the first are joined by a newline. */
  text: string
}

export interface SmtpResult {
  replies: SmtpReply[]
  /** As the client's library names them; null in clear. */
  tls: { version: string; cipher: string } | null
  /** What ended the session before its QUIT; null when nothing did. */
  error: string | null
}

/** The answer to the last command of this verb; undefined when there was none. */
export function replyTo(result: SmtpResult, verb: string): SmtpReply | undefined {
  return result.replies.findLast((reply) => reply.to === verb)
}

/** Messages that the server took. */
export function mailsTaken(result: SmtpResult): number {
  return result.replies.filter((reply) => reply.to === 'DATA.' && reply.code === 250).length
}
