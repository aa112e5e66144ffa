/**
 * A block of whole lines from one source. A line never spans two blocks, so a parser's result cannot depend on how the source was cut.
 */
export interface LineBlock {
  /** Name of the source, for people and for `source_name`. */
  source: string
  /** Whole lines with their terminators, decoded as latin1; the last line of a source may lack its terminator. */
  text: string
  /** Byte offset of the block's first byte in its source, after decompression. */
  offset: number
}

/** A line that could not be taken as a line, e.g. longer than the limit. Its bytes are not in any block. */
export interface RefusedLine {
  source: string
  offset: number
  /** Bytes of the line, terminator excluded. */
  length: number
  reason: 'too_long'
  /** First bytes of the line, latin1, for the dead letter's shape. */
  head: string
  /** First 16 bytes of SHA-256 over all bytes of the line, terminator excluded. */
  hash: Uint8Array
}

export type InputItem = { kind: 'lines'; block: LineBlock } | { kind: 'refused'; line: RefusedLine }

/**
 * Where log lines come from: a file that grows, syslog, journald, standard input. Pulled by its consumer, so a slow consumer slows the
 * source and nothing is buffered without bound. It ends when the source ends; a source that never ends ends on `signal`.
 * A source that cannot be read throws an `InputError` that says what, where and what to do.
 */
export interface Input {
  readonly name: string
  read(signal: AbortSignal): AsyncIterable<InputItem>
}
