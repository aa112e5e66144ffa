import type { LogLine } from '../../framing/framing.ts'
import { says, words } from '../../framing/line-bytes.ts'
import { ownText } from '../../own-text.ts'
import { indexWithin } from '../../within.ts'
import type { LineClass } from '../parser.ts'
import { eventId } from './event-id.ts'
import type { Instance, Service } from './host.ts'
import { createNamaddr, scanNamaddr } from './namaddr.ts'
import { PeerAddress } from './peer-address.ts'
import type { SessionTable } from './session-table.ts'
import type { Failure } from './smtpd-session.ts'
import { InboundSession, type SessionOwner } from './smtpd-session.ts'
import { rejectTail } from './text.ts'
import type { Summary, SummaryHead } from './tls-summary.ts'

/** postscreen's connections of one instance, by `[ip]:port`, and by address those that it let pass. */
class Screen implements SessionOwner {
  readonly #end: (screen: Screen, session: InboundSession) => void
  readonly byPeer = new Map<string, InboundSession>()
  readonly passed = new Map<string, InboundSession>()

  constructor(end: (screen: Screen, session: InboundSession) => void) {
    this.#end = end
  }

  ended(session: InboundSession): void {
    this.#end(this, session)
  }
}

const CONNECT = words('CONNECT from ')
const DISCONNECT = words('DISCONNECT ')
const REJECT = words('NOQUEUE: reject: ')
const REJECT_RCPT = words('reject: RCPT')
const SPEAKS = [
  'PREGREET ',
  'COMMAND PIPELINING from ',
  'NON-SMTP COMMAND from ',
  'BARE NEWLINE from ',
  'DATA without valid RCPT from ',
  'COMMAND COUNT LIMIT from ',
  'COMMAND TIME LIMIT from ',
  'COMMAND LENGTH LIMIT from ',
  'BDAT without valid RCPT from ',
].map(words)
const PASSES = ['PASS NEW ', 'PASS OLD ', 'ALLOWLISTED ', 'WHITELISTED '].map(words)
const NOTES = ['HANGUP after ', 'DNSBL rank ', 'DENYLISTED ', 'BLACKLISTED ', 'ALLOWLIST VETO ', 'WHITELIST VETO '].map(
  words,
)

/**
 * Reads the lines of postscreen (src/postscreen), which stands before smtpd on port 25. `[ip]:port` joins its lines with tlsproxy's.
 * A connection that it passes on goes on in smtpd and is emitted there; what ends in postscreen is emitted here.
 */
export class PostscreenReader {
  readonly #table: SessionTable
  readonly #emit: (session: InboundSession) => void
  readonly #screens = new Map<Instance, Screen>()
  readonly #peer = createNamaddr()
  readonly #address = new PeerAddress()

  constructor(table: SessionTable, emit: (session: InboundSession) => void) {
    this.#table = table
    this.#emit = emit
  }

  read(line: LogLine, service: Service): LineClass {
    const { bytes, message } = line
    const screen = this.#screen(service.instance)
    if (says(bytes, message, CONNECT)) return this.#connect(line, service, screen)
    if (says(bytes, message, DISCONNECT)) return this.#disconnect(line, screen)
    for (const pass of PASSES) if (says(bytes, message, pass)) return this.#pass(line, screen, message + pass.length)
    if (says(bytes, message, REJECT)) return this.#reject(line, screen)
    for (const note of SPEAKS) if (says(bytes, message, note)) return this.#note(line, screen, true)
    for (const note of NOTES) if (says(bytes, message, note)) return this.#note(line, screen, false)
    return 'ignored_other'
  }

  /** smtpd has begun a session: the connection that postscreen passed for this address is that one, and is counted there. */
  handOver(instance: Instance, ip: string, port: number): void {
    const screen = this.#screens.get(instance)
    if (screen === undefined || screen.passed.size === 0) return
    const session = screen.passed.get(ip)
    if (session === undefined || session.spoke || (port >= 0 && port !== session.port)) return
    this.#forget(screen, session)
    this.#table.remove(session)
    this.#table.counts.handedOver++
  }

  forget(instance: Instance): void {
    this.#screens.delete(instance)
  }

  /** tlsproxy was asked to do TLS for a connection of postscreen. */
  tlsBegun(line: LogLine, instance: Instance, ip: string, port: number): boolean {
    const session = this.#find(instance, ip, port)
    if (session === undefined) return false
    session.tlsBegun = true
    session.spoke = true
    this.#join(session, line)
    return true
  }

  established(
    line: LogLine,
    instance: Instance,
    ip: string,
    port: number,
    head: SummaryHead,
    summary: Summary,
  ): boolean {
    const session = this.#find(instance, ip, port)
    if (session === undefined) return false
    session.tlsBegun = true
    session.established = summary.facts
    session.establishedAt = line.time
    session.certificate = head.certificate
    session.sni = summary.sni
    session.service.listener.show(line.time)
    this.#join(session, line)
    return true
  }

  failed(line: LogLine, instance: Instance, ip: string, port: number, failure: Failure): boolean {
    const session = this.#find(instance, ip, port)
    if (session === undefined) return false
    session.tlsBegun = true
    session.failure = failure
    session.failedAt = line.time
    session.service.listener.show(line.time)
    this.#join(session, line)
    return true
  }

  /** tlsproxy is done with a connection; only the session's last line moves. */
  proxied(line: LogLine, instance: Instance, ip: string, port: number): boolean {
    const session = this.#find(instance, ip, port)
    if (session === undefined) return false
    this.#join(session, line)
    return true
  }

  #connect(line: LogLine, service: Service, screen: Screen): LineClass {
    if (!this.#scan(line, line.message + CONNECT.length)) return 'dead_unparsed'
    if (!this.#address.take(line, this.#peer)) return 'ignored_other'
    const before = screen.byPeer.get(this.#key(line.text))
    if (before !== undefined) {
      if (before.opening.at === line.time) return 'ignored_duplicate'
      before.cut()
    }
    this.#open(line, service, screen, false)
    return 'joined'
  }

  #disconnect(line: LogLine, screen: Screen): LineClass {
    if (!this.#scan(line, line.message + DISCONNECT.length)) return 'dead_unparsed'
    const session = screen.byPeer.get(this.#key(line.text))
    if (session === undefined) return 'ignored_orphan'
    this.#join(session, line)
    session.close()
    return 'joined'
  }

  #pass(line: LogLine, screen: Screen, at: number): LineClass {
    if (!this.#scan(line, at)) return 'dead_unparsed'
    const session = screen.byPeer.get(this.#key(line.text))
    if (session === undefined) return 'ignored_orphan'
    this.#join(session, line)
    screen.passed.set(session.ip, session)
    return 'joined'
  }

  #reject(line: LogLine, screen: Screen): LineClass {
    const { text, bytes, message, end } = line
    const from = indexWithin(text, ' from [', message, end)
    if (from < 0 || !this.#scan(line, from + ' from '.length)) return 'dead_unparsed'
    const session = screen.byPeer.get(this.#key(text))
    if (session === undefined) return 'ignored_orphan'
    this.#join(session, line)
    if (says(bytes, message + 'NOQUEUE: '.length, REJECT_RCPT)) {
      session.spoke = true
      const tail = rejectTail(line, this.#peer.end, end)
      session.helo ??= tail.helo
      session.senderDomain ??= tail.senderDomain
      if (session.tlsBegun) session.rejectsAfter++
      else session.rejectsBefore++
    }
    return 'joined'
  }

  #note(line: LogLine, screen: Screen, speaks: boolean): LineClass {
    const { text, message, end } = line
    const from = indexWithin(text, '[', message, end)
    if (from < 0 || !this.#scan(line, from)) return 'ignored_other'
    const session = screen.byPeer.get(this.#key(text))
    if (session === undefined) return 'ignored_orphan'
    if (speaks) session.spoke = true
    this.#join(session, line)
    return 'joined'
  }

  #screen(instance: Instance): Screen {
    let screen = this.#screens.get(instance)
    if (screen === undefined) {
      screen = new Screen(this.#end)
      this.#screens.set(instance, screen)
    }
    return screen
  }

  #open(line: LogLine, service: Service, screen: Screen, headless: boolean): InboundSession {
    const key = this.#key(line.text)
    const { text: ip } = this.#address
    const session = new InboundSession(
      service,
      key,
      {
        id: eventId(line, service, String(line.pid), 0),
        at: line.time,
        source: line.source,
        offset: line.offset,
      },
      headless,
      { name: null, ip, port: this.#peer.port },
      screen,
    )
    screen.byPeer.set(key, session)
    this.#table.add(session)
    return session
  }

  /** One that was passed on and has no end here went on in smtpd. */
  readonly #end = (screen: Screen, session: InboundSession): void => {
    const handedOver = session.cutOff && !session.spoke && screen.passed.get(session.ip) === session
    this.#forget(screen, session)
    this.#table.remove(session)
    if (handedOver) this.#table.counts.handedOver++
    else this.#emit(session)
  }

  #forget(screen: Screen, session: InboundSession): void {
    screen.byPeer.delete(session.key)
    if (screen.passed.get(session.ip) === session) screen.passed.delete(session.ip)
  }

  #find(instance: Instance, ip: string, port: number): InboundSession | undefined {
    return this.#screens.get(instance)?.byPeer.get(peerKey(ip, port))
  }

  #scan(line: LogLine, at: number): boolean {
    return scanNamaddr(line.bytes, at, line.end, this.#peer) && this.#peer.port >= 0
  }

  #key(text: string): string {
    return peerKey(ownText(text, this.#peer.ipStart, this.#peer.ipEnd), this.#peer.port)
  }

  #join(session: InboundSession, line: LogLine): void {
    session.endOffset = line.offset
    this.#table.touch(session, line.time)
  }
}

function peerKey(ip: string, port: number): string {
  return `[${ip}]:${port}`
}
