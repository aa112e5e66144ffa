import type { UnknownNames } from '@tlsrep/core'
import type { HostState, ListenerState, Mta, OutboundPeer, QueuedSender, TlsNegotiation } from '@tlsrep/schemas'
import type { LogLine } from '../framing/framing.ts'

/**
 * What became of a line. Every line that a parser is given gets exactly one class, so that lines read = joined + ignored + dead
 * at every moment.
 * - `joined`: it is part of a session's story, or changed what is known of a listener
 * - `ignored_other`: a program, or a message of the MTA, that says nothing about TLS or SMTP sessions
 * - `ignored_noise`: debug output in between (`-v`, TLS loglevel 2 and up)
 * - `ignored_orphan`: it belongs to a session of which nothing else is left, and cannot stand for one
 * - `ignored_duplicate`: the same line again
 * - `dead_unparsed`: the MTA's session program said something that looks like a session line and cannot be read
 */
export const LINE_CLASSES = [
  'joined',
  'ignored_other',
  'ignored_noise',
  'ignored_orphan',
  'ignored_duplicate',
  'dead_unparsed',
] as const
export type LineClass = (typeof LINE_CLASSES)[number]

/**
 * A parser turns the framed lines of one MTA into events. It is a pure function of the lines it is given, in order: no I/O, no wall
 * clock, nothing of file names or chunk boundaries but what it copies into `source_*`.
 */
export interface Parser {
  readonly mta: Mta
  /** Whether lines of this syslog program are for this parser. Asked once per program, then remembered. */
  claims(program: string): boolean
  /** Takes one line; may emit any number of events before it returns. `line` is reused by the caller. */
  read(line: LogLine): LineClass
  /** The host's syslog says that it lost lines; what is known there by absence is marked `log_loss` for an hour. */
  noteLoss(host: string, time: number): void
  /**
   * Ends the input: every session still open is emitted with `truncated: true` (one that postscreen handed over and no smtpd took up
   * is counted as handed over).
   */
  finish(): void
  /** The session book-keeping of rule 8: opened = emitted + open + handedOver. */
  readonly sessions: SessionCounts
  /** Where the session begins that was opened first among those still open; null without any. Looks at every open session. */
  oldestOpen(): LinePlace | null
  /** What the lines so far have taught beside open sessions; with it and the lines from `oldestOpen` on, another parser goes on. */
  learned(): Learned
  /** Takes over what another parser has learned; what it says wins over what was learned here. */
  restore(learned: Learned): void
}

export interface LinePlace {
  source: string
  /** Byte offset of the line in its source, after decompression. */
  offset: number
}

/** As a checkpoint keeps it. */
export interface Learned {
  hosts: readonly HostState[]
  listeners: readonly ListenerState[]
  outbound_peers: readonly OutboundPeer[]
  queued_senders: readonly QueuedSender[]
}

export interface SessionCounts {
  opened: number
  emitted: number
  open: number
  /** postscreen PASS that smtpd went on with: one TCP connection, emitted once, by smtpd. */
  handedOver: number
}

/** Names the listener of an inbound session, e.g. `mx`; from configuration, else the parser's default. */
export type ListenerName = (host: string, service: string) => string | undefined

export interface ParserOptions {
  /** Written into `collector` of every event. */
  collector: string
  /** Upper bound of sessions held open; the oldest is emitted `truncated` when a new one would exceed it. */
  maxOpenSessions: number
  listenerName: ListenerName
  /** Counts names that no table knows; the parser makes its own where none is given. */
  unknownNames?: UnknownNames
}

/** Receives each event as it is complete. The object is new for every event and may be kept. */
export type Emit = (event: TlsNegotiation) => void

export type ParserFactory = (options: ParserOptions, emit: Emit) => Parser
