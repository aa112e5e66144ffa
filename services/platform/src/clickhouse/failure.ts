import { ClickHouseError } from '@clickhouse/client'
import { OperatorError } from '../errors/operator-error.ts'
import { ClickHouseUnavailable } from './unavailable.ts'

/** ClickHouse's codes (src/Common/ErrorCodes.cpp) for what passes: the same work may succeed later. */
const OUTAGES = new Set([
  3, // UNEXPECTED_END_OF_FILE
  74, // CANNOT_READ_FROM_FILE_DESCRIPTOR
  75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  439, // CANNOT_SCHEDULE_TASK
  700, // USER_SESSION_LIMIT_EXCEEDED
  745, // SERVER_OVERLOADED
  999, // KEEPER_EXCEPTION
  // Poco's exceptions are about sockets and files.
  1000, // POCO_EXCEPTION
])

const REFUSED = new Set([192, 193, 194, 195, 291, 497, 516])
const NOT_MIGRATED = new Set([16, 60, 81])

/** errno of node:net and node:dns where no whole answer came. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** What @clickhouse/client and node:http throw without a code where the connection ended, and what a proxy says in ClickHouse's stead. */
const BROKEN = /^(Timeout error\.|socket hang up|aborted|The user aborted a request\.|there was an error in the stream)/
const PROXY = /^\s*(<|upstream |no healthy upstream)|Bad Gateway|Service Unavailable|Gateway Time-?out/i

/** Exceptions of libraries under ClickHouse (1000 Poco, 1001 std), whose form @clickhouse/client does not read. */
const FOREIGN = /^(?:\w+::)?\w+(?:::\w+)*\. Code: (100[0-2])\b/
const DISK_FULL = /No space left on device/

const MESSAGE_MAX = 500

/**
 * Sorts a failure of a call to ClickHouse: an outage becomes `ClickHouseUnavailable`; wrong credentials and missing tables become an
 * `OperatorError`; what is left is a bug of ours, with a message of bounded length.
 * @param where address and database, without credentials
 */
export function classified(error: unknown, where: string): Error {
  if (!(error instanceof Error)) return new Error(`ClickHouse at ${where}: ${bounded(String(error))}`)
  if (error instanceof ClickHouseError) return ofServer(Number(error.code), error, where)
  const foreign = FOREIGN.exec(error.message)
  if (foreign !== null) return ofServer(Number(foreign[1]), error, where)
  if (isOutage(error)) {
    const reason = bounded(error.message || codeOf(error) || error.name)
    return new ClickHouseUnavailable(`no answer from ClickHouse at ${where}: ${reason}`, {
      clickhouseCode: null,
      cause: error,
    })
  }
  return error
}

function ofServer(code: number, error: Error, where: string): Error {
  const text = `ClickHouse at ${where}: ${bounded(error.message)} (code ${code})`
  if (OUTAGES.has(code) || DISK_FULL.test(error.message))
    return new ClickHouseUnavailable(text, { clickhouseCode: code, cause: error })
  if (REFUSED.has(code)) {
    return new OperatorError({
      code: 'TLSREP_CLICKHOUSE_REFUSED',
      message: text,
      where,
      remedy: 'Correct clickhouse.user and clickhouse.password_file, and give that user its rights on the database.',
      cause: error,
    })
  }
  if (NOT_MIGRATED.has(code)) {
    return new OperatorError({
      code: 'TLSREP_CLICKHOUSE_NOT_MIGRATED',
      message: text,
      where,
      remedy: 'Run tlsrep migrate with this configuration, or correct clickhouse.database.',
      cause: error,
    })
  }
  return new ClickHouseQueryError(text, { clickhouseCode: code, cause: error })
}

/** ClickHouse understood the call and refused it: a bug of ours, or data that breaks the table. Trying again is of no use. */
export class ClickHouseQueryError extends Error {
  readonly clickhouseCode: number

  constructor(message: string, facts: { clickhouseCode: number; cause: unknown }) {
    super(message, { cause: facts.cause })
    this.name = 'ClickHouseQueryError'
    this.clickhouseCode = facts.clickhouseCode
  }
}

function isOutage(error: Error): boolean {
  if (error instanceof AggregateError) return error.errors.some((inner) => inner instanceof Error && isOutage(inner))
  return NETWORK.has(codeOf(error)) || BROKEN.test(error.message) || PROXY.test(error.message)
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Server messages quote values and queries, which may come from a log: bounded, and no control characters. */
function bounded(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return clean.length > MESSAGE_MAX ? `${clean.slice(0, MESSAGE_MAX)}…` : clean
}
