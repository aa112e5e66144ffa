import type { UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'
import type { Framer } from '../framing/frame-line.ts'
import type { LogLine } from '../framing/framing.ts'
import { LineBytes } from '../framing/line-bytes.ts'
import type { Input, InputItem, LineBlock, RefusedLine } from '../inputs/input.ts'
import type { Emit, LineClass, Parser, ParserFactory, ParserOptions } from '../parsers/parser.ts'
import { isLossNotice, speaksOfLoss } from './loss-notice.ts'
import { countLine, createReconciliation, type DeadReason, type Reconciliation } from './reconciliation.ts'
import { redactedShape } from './shape.ts'

const SAMPLES_PER_REASON = 3
/** Programs whose parser is remembered. More than that is a log of garbage; it is parsed right all the same. */
const MAX_PROGRAMS = 10_000

/** What framing needs to know of a source: how new its lines can be. */
export interface SourceFacts {
  name: string
  /** When it was last written, milliseconds since 1970 UTC. */
  modifiedAt: number
}

/** A line that became a dead letter: `text` from `start` to `end`, or the beginning of it where the line is too long. */
export interface DeadLine {
  reason: DeadReason
  source: string
  /** Byte offset of the line in its source. */
  offset: number
  text: string
  start: number
  end: number
  /** The line as it was refused when it was read, before anybody looked for lines in it. */
  refused: RefusedLine | null
}

/** Puts time, host and program on a line. */
export type LineFramer = Pick<Framer, 'frame' | 'startSource' | 'counts'>

export interface ParseRunOptions {
  framer: LineFramer
  /** In the order in which they are asked whether a program is theirs. */
  parsers: readonly ParserFactory[]
  parserOptions: ParserOptions
  emit: Emit
  /** Hears of each dead line while it is being counted. */
  onDead?: (dead: DeadLine) => void
  /** The year of the first stamp is given: all sources are one log, and later years follow from the order of the stamps. */
  yearGiven?: boolean
}

/** A source that was read, and the times of its first and last framed lines (NaN where it has none). */
export interface SourceSpan {
  name: string
  lines: number
  firstTime: number
  lastTime: number
}

/**
 * The way of a line in an offline run: block, line, framing, parser, event. Synchronous from block to event; pacing is the business of
 * who feeds it. Nothing is allocated per line.
 */
export class ParseRun {
  readonly #framer: LineFramer
  readonly #parsers: readonly Parser[]
  readonly #unknownNames: UnknownNames | undefined
  readonly #yearGiven: boolean
  readonly #onDead: ((dead: DeadLine) => void) | undefined
  readonly #counts = createReconciliation()
  readonly #bytes = new LineBytes()
  readonly #line: LogLine = {
    text: '',
    bytes: this.#bytes.view,
    start: 0,
    end: 0,
    message: 0,
    time: 0,
    host: '',
    program: '',
    pid: -1,
    source: '',
    offset: 0,
  }
  readonly #parserOf = new Map<string, Parser | null>()
  #lastProgram: string | undefined
  #lastParser: Parser | null = null
  #lastSpeaksOfLoss = false
  #span = newSpan('')
  readonly #spans: SourceSpan[] = []

  constructor(options: ParseRunOptions) {
    this.#framer = options.framer
    this.#unknownNames = options.parserOptions.unknownNames
    this.#yearGiven = options.yearGiven ?? false
    this.#onDead = options.onDead
    const emit: Emit = (event) => {
      this.#countEvent(event)
      options.emit(event)
    }
    this.#parsers = options.parsers.map((create) => create(options.parserOptions, emit))
  }

  /** The blocks that follow are of this source. Sources are one log: what is open in one may be continued in the next. */
  startSource(source: SourceFacts): void {
    if (!this.#yearGiven) this.#framer.startSource({ notAfter: source.modifiedAt })
    this.#span = newSpan(source.name)
    this.#spans.push(this.#span)
  }

  /** Takes the next item of the source; all its events have been emitted when this returns. */
  take(item: InputItem): void {
    if (item.kind === 'lines') this.#takeBlock(item.block)
    else this.#refuse(item.line)
  }

  /** No more lines: emits what is open, truncated. */
  finish(): void {
    for (const parser of this.#parsers) parser.finish()
  }

  /** In the order in which they are asked whether a program is theirs. */
  get parsers(): readonly Parser[] {
    return this.#parsers
  }

  /** Sources in the order read. */
  get sources(): readonly SourceSpan[] {
    return this.#spans
  }

  get linesRead(): number {
    return this.#counts.lines.read
  }

  /** The account as it stands. Both equations hold between any two calls. */
  reconciliation(): Reconciliation {
    const sessions = { opened: 0, emitted: 0, open: 0, handed_over: 0 }
    for (const { sessions: own } of this.#parsers) {
      sessions.opened += own.opened
      sessions.emitted += own.emitted
      sessions.open += own.open
      sessions.handed_over += own.handedOver
    }
    return {
      ...structuredClone(this.#counts),
      framings: { ...this.#framer.counts },
      sessions,
      unknown_names: [...(this.#unknownNames?.report() ?? [])],
      unknown_names_others: this.#unknownNames?.others ?? 0,
    }
  }

  #takeBlock(block: LineBlock): void {
    const { text, offset } = block
    const line = this.#line
    line.text = text
    line.bytes = this.#bytes.load(text)
    line.source = block.source
    const { length } = text
    let start = 0
    while (start < length) {
      const newline = text.indexOf('\n', start)
      const stop = newline < 0 ? length : newline
      line.start = start
      line.end = stop
      line.offset = offset + start
      this.#takeLine(line)
      start = stop + 1
    }
    // Not to keep the block alive until the next one comes.
    line.text = ''
  }

  #takeLine(line: LogLine): void {
    const { lines } = this.#counts
    lines.read++
    this.#span.lines++
    const framed = this.#framer.frame(line)
    if (framed !== true) {
      if (framed === 'empty') lines.ignored.empty++
      else this.#bury(framed, line)
      return
    }
    this.#noteTime(line.time)
    const parser = line.program === this.#lastProgram ? this.#lastParser : this.#findParser(line.program)
    if (parser === null) {
      lines.ignored.other_program++
      if (this.#lastSpeaksOfLoss) this.#noteLoss(line)
      return
    }
    const lineClass: LineClass = parser.read(line)
    if (lineClass === 'dead_unparsed') this.#bury('unparsed', line)
    else countLine(lines, lineClass)
  }

  #noteLoss(line: LogLine): void {
    if (!isLossNotice(line.text, line.message, line.end)) return
    this.#counts.loss_notices++
    for (const parser of this.#parsers) parser.noteLoss(line.host, line.time)
  }

  #findParser(program: string): Parser | null {
    let parser = this.#parserOf.get(program)
    if (parser === undefined) {
      parser = this.#parsers.find((candidate) => candidate.claims(program)) ?? null
      if (this.#parserOf.size < MAX_PROGRAMS) this.#parserOf.set(program, parser)
    }
    this.#lastProgram = program
    this.#lastSpeaksOfLoss = parser === null && speaksOfLoss(program)
    this.#lastParser = parser
    return parser
  }

  #noteTime(time: number): void {
    const span = this.#span
    if (Number.isNaN(span.firstTime)) span.firstTime = time
    span.lastTime = time
  }

  #refuse(refused: RefusedLine): void {
    this.#counts.lines.read++
    this.#span.lines++
    const { reason, source, offset, head } = refused
    this.#countDead({ reason, source, offset, text: head, start: 0, end: head.length, refused })
  }

  #bury(reason: DeadReason, line: LogLine): void {
    const { source, offset, text, start, end } = line
    this.#countDead({ reason, source, offset, text, start, end, refused: null })
  }

  #countDead(dead: DeadLine): void {
    const { reason, source, offset, text, start, end } = dead
    const { lines, dead_samples } = this.#counts
    this.#onDead?.(dead)
    lines.dead[reason]++
    if (lines.dead[reason] > SAMPLES_PER_REASON) return
    dead_samples.push({ reason, source, offset, shape: redactedShape(text, start, end) })
  }

  #countEvent(event: TlsNegotiation): void {
    const { events } = this.#counts
    events.count++
    if (event.truncated) events.truncated++
    events.outcomes[event.direction][event.outcome]++
  }
}

function newSpan(name: string): SourceSpan {
  return { name, lines: 0, firstTime: Number.NaN, lastTime: Number.NaN }
}

/**
 * Reads a source to its end (or until `signal`), at the pace of `afterItem`: nothing is read while it is pending.
 * @throws InputError from the source; everything before it has been parsed
 */
export async function parseSource(
  run: ParseRun,
  source: Input & SourceFacts,
  signal: AbortSignal,
  afterItem: () => Promise<void> | undefined,
): Promise<void> {
  run.startSource(source)
  for await (const item of source.read(signal)) {
    run.take(item)
    await afterItem()
  }
}
