import type { LineText } from './line-bytes.ts'

/**
 * One framed log line. Framings fill the same object again for every line, so nothing is allocated on the hot path:
 * whoever keeps a field beyond the call copies it. `host` and `program` are interned strings and may be kept.
 */
export interface LogLine extends LineText {
  /** Index of the line's first character in `text`. */
  start: number
  /** Index after the line's last character, line terminator excluded. */
  end: number
  /** Index at which the program's own message begins; `end` when it is empty. */
  message: number
  /** Time of the stamp, milliseconds since 1970 UTC. */
  time: number
  /** Host name from the framing, empty where it has none. */
  host: string
  /** Syslog program (tag, APP-NAME) without its pid, e.g. `postfix/smtpd`. */
  program: string
  /** Process id, or -1 where the framing has none. */
  pid: number
  /** Name of the input that the line came from. */
  source: string
  /** Byte offset of the line's first byte in its source, after decompression. */
  offset: number
}

/**
 * A way in which syslog daemons and containers put time, host and program before a message (RFC 3164, RFC 5424, ...).
 * A framing reads left to right by structure and never looks into the message: that text is the attacker's.
 */
export interface Framing {
  /** Name as shown in the reconciliation, e.g. `rfc3164`. */
  readonly name: string
  /**
   * Reads `line.text` from `line.start` to `line.end` and fills in message, time, host, program and pid.
   * @returns false when the line is not of this framing; then the fields are undefined.
   */
  frame(line: LogLine): boolean
}
