import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { avroRows } from '@tlsrep/platform/event-log/avro-container'
import type { AvroRecord } from '@tlsrep/schemas'
import type { Store } from './store.ts'

/** An insert that was begun: what to insert again, under which token, until it is done. */
export interface PendingInsert {
  table: 'tls_events' | 'downgrades'
  token: string
  container: Uint8Array
}

/** `created_at` is left to ClickHouse: done rows are thrown away by its clock, whatever clock the scorer runs on. */
const SCHEMA: AvroRecord = {
  type: 'record',
  name: 'PendingRange',
  fields: [
    { name: 'token', type: 'string' },
    { name: 'kind', type: 'string' },
    { name: 'state', type: 'string' },
    { name: 'payload', type: 'bytes' },
  ],
}

/** One row of the table. */
export interface RangeRow {
  token: string
  kind: string
  state: string
  payload: Buffer
}

const NOTHING = Buffer.alloc(0)

/** Durable before it resolves; the same rows under the same token again change nothing. */
export async function writeRows(store: Store, rows: readonly RangeRow[], token: string): Promise<void> {
  await store.insertAvro('pending_ranges', avroRows(SCHEMA, rows), token)
}

/** Records that these inserts are begun. Durable before it resolves; again with the same inserts it changes nothing. */
export async function writePending(store: Store, inserts: readonly PendingInsert[]): Promise<void> {
  // One row an insert: containers are large, and a request holds one of them at a time.
  for (const { table, token, container } of inserts) {
    await writeRows(
      store,
      [{ token, kind: table, state: 'pending', payload: await packed(container) }],
      `${token}/pending`,
    )
  }
}

/** Records that they are finished, with all that follows from them. */
export async function markDone(
  store: Store,
  inserts: readonly Pick<PendingInsert, 'table' | 'token'>[],
): Promise<void> {
  const [first] = inserts
  if (first !== undefined) await writeDone(store, inserts, `${first.token}/done`)
}

async function writeDone(
  store: Store,
  inserts: readonly Pick<PendingInsert, 'table' | 'token'>[],
  token: string,
): Promise<void> {
  const rows = inserts.map(({ table, token }) => ({ token, kind: table, state: 'done', payload: NOTHING }))
  await writeRows(store, rows, token)
}

/**
 * Records that these partitions' parts of a range are finished, and the range with them where no part is left. Of several scorers that
 * finish parts of one range the last one sees that of all the others, since each writes its own first.
 */
export async function markPartsDone(store: Store, range: string, { own, all }: RangeParts): Promise<void> {
  const parts = own.map((partition) => ({
    token: `${range}/part.${partition}`,
    kind: 'part',
    state: 'done',
    payload: NOTHING,
  }))
  await writeRows(store, parts, `${range}/parts.${own.join('-')}`)
  const rows = await store.rows<{ token: string; table: PendingInsert['table'] | 'part'; state: string }>(
    'SELECT token, kind AS table, state FROM pending_ranges FINAL WHERE startsWith(token, {prefix:String})',
    { prefix: `${range}/` },
  )
  const done = new Set(rows.filter(({ table }) => table === 'part').map(({ token }) => token))
  if (!all.every((partition) => done.has(`${range}/part.${partition}`))) return
  const left = rows.flatMap(({ token, table, state }) =>
    table !== 'part' && state === 'pending' ? [{ token, table }] : [],
  )
  // Each names what it has seen: another's token with other rows would be taken for this one's.
  if (left.length > 0) await writeDone(store, left, `${range}/done.${own.join('-')}.${left.length}`)
}

export interface RangeParts {
  /** Partitions whose part this scorer has finished. */
  own: readonly number[]
  /** Partitions that the range was taken from. */
  all: readonly number[]
}

/**
 * Lets every done row replace the row that said pending. Without it the two may lie in parts that nobody merges, and once the done row
 * is old enough to be thrown away, the range would be pending again. To be run more often than that (7 days).
 */
export async function tidyPending(store: Store): Promise<void> {
  await store.command('OPTIMIZE TABLE pending_ranges FINAL')
}

/** What was begun and not finished, of the tokens that are `wanted`, the oldest first. */
export async function readPending(store: Store, wanted: (token: string) => boolean): Promise<PendingInsert[]> {
  const tokens = await store.rows<{ token: string }>(
    "SELECT token FROM pending_ranges FINAL WHERE state = 'pending' ORDER BY created_at, token",
  )
  const inserts: PendingInsert[] = []
  for (const { token } of tokens) {
    if (!wanted(token)) continue
    const rows = await store.rows<{ kind: string; payload: string }>(
      "SELECT kind, base64Encode(payload) AS payload FROM pending_ranges FINAL WHERE token = {token:String} AND state = 'pending'",
      { token },
    )
    for (const { kind, payload } of rows) {
      if (kind !== 'tls_events' && kind !== 'downgrades')
        throw new Error(`pending range ${token} is of unknown kind ${kind}`)
      inserts.push({ table: kind, token, container: await unpacked(Buffer.from(payload, 'base64')) })
    }
  }
  return inserts
}

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
const FASTEST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
/** First bytes of a frame (RFC 8878, section 3.1.1). */
const ZSTD_MAGIC = 0xfd2fb528

/**
 * A quarter of the bytes: sending and writing what is read after a crash alone costs more than compressing it, which happens off the
 * main thread.
 */
function packed(container: Uint8Array): Promise<Buffer> {
  return compress(container, FASTEST)
}

async function unpacked(payload: Buffer): Promise<Buffer> {
  const isPacked = payload.length >= 4 && payload.readUInt32LE() === ZSTD_MAGIC
  return isPacked ? decompress(payload) : payload
}
