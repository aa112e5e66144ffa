import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
  destination as openDestination,
  pino,
  stdTimeFunctions,
} from 'pino'
import type { LogFormat, LogLevel } from '../config/log-section.ts'
import { prettyLine } from './pretty.ts'
import { sanitizeFacts, sanitizeText } from './sanitize.ts'

export interface LoggerOptions {
  level: LogLevel
  /** `auto`: pretty on a terminal, else JSON. */
  format: LogFormat
  /** Takes whole lines. Default: stderr, written at once, so that nothing is lost in a crash. */
  destination?: DestinationStream
  /** Whether the destination is a terminal. Default: whether stderr is one. */
  isTerminal?: boolean
  /** Default: on a terminal, unless `NO_COLOR` is set (no-color.org). */
  colour?: boolean
}

const STDERR = 2

/**
 * The log of a process: pino, with text escaped, lengths bounded, secrets left out. Children carry `component`; facts go into the object,
 * the message is a sentence that never changes: `logger.warn({ peer_ip }, 'handshake failed')`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const isTerminal = options.isTerminal ?? process.stderr.isTTY === true
  const sink = options.destination ?? stderr()
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal)
  const colour = options.colour ?? (isTerminal && isUnset(process.env, 'NO_COLOR'))
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: sanitizeFacts,
      },
      // Errors arrive here already made safe by `formatters.log`.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map(safeArgument) as typeof args)
        },
      },
    },
    isPretty ? { write: (line) => sink.write(prettyLine(line, colour)) } : sink,
  )
  // pino has no formatter for what children carry. Children inherit this method, so grandchildren are safe as well.
  const { child } = logger
  logger.child = function safeChild<Levels extends string = never>(
    this: Logger,
    bindings: Bindings,
    childOptions?: ChildLoggerOptions<Levels>,
  ): Logger<Levels> {
    return Reflect.apply(child, this, [sanitizeFacts(bindings), childOptions])
  }
  return logger
}

function isUnset(env: NodeJS.ProcessEnv, name: string): boolean {
  return (env[name] ?? '') === ''
}

/** Messages and what is put into them; objects go through `formatters.log`. A bare error becomes a fact, as pino does it. */
function safeArgument(argument: unknown, index: number): unknown {
  if (typeof argument === 'string') return sanitizeText(argument)
  return index > 0 && typeof argument === 'object' && argument !== null ? sanitizeFacts({ ...argument }) : argument
}

/** A log that cannot be written (a full disk, a reader that left) must not stop the service. */
function stderr(): DestinationStream {
  const stream = openDestination({ dest: STDERR, sync: true })
  stream.on('error', () => {})
  return stream
}
