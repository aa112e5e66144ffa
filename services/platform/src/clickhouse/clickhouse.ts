import { Readable } from 'node:stream'
import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client'
import { type AvroBlock, avroBlock } from '../event-log/avro-container.ts'
import { AvroColumns, type Columns } from './avro-columns.ts'
import { classified } from './failure.ts'
import { type Column, type InsertRow, rowBinary } from './row-binary.ts'

export interface ClickHouseOptions {
  /** `http://host:port` or `https://host:port`. */
  url: string
  username: string
  password: string
  database: string
  /** Milliseconds until a call is given up; the server ends its query a little earlier. */
  requestTimeout?: number
  /** Calls at once; more wait for their turn. */
  maxConnections?: number
}

/** Values for `{name:Type}` in a query. */
export type QueryParameters = Readonly<Record<string, unknown>>

/**
 * The one way to ClickHouse, whoever runs the server. Every call ends within its time-out, and fails with `ClickHouseUnavailable` (an
 * outage: the same call may be made again, an insert with the same token), with an `OperatorError` (refused, not migrated), or with
 * what is a bug.
 */
export interface ClickHouse {
  readonly database: string
  /** Address and database, without credentials: for logs and messages. */
  readonly where: string
  readonly counters: Readonly<ClickHouseCounters>
  /** All rows of a result. 64-bit integers come as numbers, times as RFC 3339 text; bytes need hex() or base64Encode() in the query. */
  rows<T>(query: string, parameters?: QueryParameters): Promise<T[]>
  /** The rows of a large result, as they come, some at a time. Leaving the loop early ends the query. */
  stream<T>(query: string, parameters?: QueryParameters): AsyncIterable<T[]>
  /** A whole result as RowBinary. */
  binary(query: string, parameters?: QueryParameters): Promise<Buffer>
  /** A statement without a result. */
  command(sql: string, parameters?: QueryParameters): Promise<void>
  /**
   * Stores the records of an Avro container as they are; resolves when table and views have them.
   * @param token names this insert and no other: the same again changes nothing. Other content under a token used before is dropped
   *   without an error, so a token must never be used twice for different records.
   */
  insertAvro(table: string, container: Uint8Array, token: string): Promise<void>
  /**
   * Stores rows, by column name; columns that no row names get their default. Without a token, the table's engine has to make
   * repetition harmless (ReplacingMergeTree).
   */
  insertRows(table: string, rows: readonly InsertRow[], token?: string): Promise<void>
  /** Makes the database where there is none. */
  createDatabase(): Promise<void>
  /** True when the server answers with these credentials. Never throws. */
  ping(): Promise<boolean>
  close(): Promise<void>
}

export interface ClickHouseCounters {
  queries: number
  inserts: number
  inserted_bytes: number
  errors: number
}

const REQUEST_TIMEOUT = 30_000
/** ClickHouse's default for the length of a query is 256 KiB; a check of 20 000 event ids is longer. */
const MAX_QUERY_SIZE = 64 * 1024 * 1024

/** Opens nothing yet: the first call connects. Throws where the URL cannot be read. */
export function openClickHouse(options: ClickHouseOptions): ClickHouse {
  return new HttpClickHouse(options)
}

class HttpClickHouse implements ClickHouse {
  readonly database: string
  readonly where: string
  readonly counters: ClickHouseCounters = { queries: 0, inserts: 0, inserted_bytes: 0, errors: 0 }
  readonly #options: ClickHouseOptions
  readonly #client: ClickHouseClient
  readonly #timeout: number
  readonly #columns = new Map<string, Promise<ReadonlyMap<string, Column>>>()
  readonly #avroColumns = new Map<string, AvroColumns>()

  constructor(options: ClickHouseOptions) {
    this.#options = options
    this.#timeout = options.requestTimeout ?? REQUEST_TIMEOUT
    this.database = options.database
    this.where = `${new URL(options.url).host}/${options.database}`
    this.#client = this.#connect(options.database)
  }

  rows<T>(query: string, parameters?: QueryParameters): Promise<T[]> {
    return this.#call('queries', async () => {
      const result = await this.#client.query({ ...this.#read(query, parameters), format: 'JSONEachRow' })
      return result.json<T>()
    })
  }

  async *stream<T>(query: string, parameters?: QueryParameters): AsyncGenerator<T[]> {
    const result = await this.#call('queries', () =>
      this.#client.query({ ...this.#read(query, parameters), format: 'JSONEachRow' }),
    )
    try {
      for await (const batch of result.stream<T>()) yield batch.map((row) => row.json<T>())
    } catch (error) {
      throw this.#failed(error)
    } finally {
      result.close()
    }
  }

  binary(query: string, parameters?: QueryParameters): Promise<Buffer> {
    return this.#call('queries', async () => {
      const { stream } = await this.#client.exec(this.#read(`${query}\nFORMAT RowBinary`, parameters))
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    })
  }

  command(sql: string, parameters: QueryParameters = {}): Promise<void> {
    return this.#call('queries', async () => {
      await this.#client.command({
        query: sql,
        query_params: parameters,
        clickhouse_settings: { wait_end_of_query: 1 },
      })
    })
  }

  async insertAvro(table: string, container: Uint8Array, token: string): Promise<void> {
    const columns = await this.#asColumns(table, container)
    if (columns === null) return this.#insert(`INSERT INTO ${identifier(table)} FORMAT Avro`, container, token)
    const names = columns.names.map(identifier).join(', ')
    return this.#insert(`INSERT INTO ${identifier(table)} (${names}) FORMAT Native`, columns.block, token)
  }

  async insertRows(table: string, rows: readonly InsertRow[], token?: string): Promise<void> {
    const [first] = rows
    if (first === undefined) return
    const known = await this.#columnsOf(table)
    const columns = Object.keys(first).map((name) => {
      const column = known.get(name)
      if (column === undefined) throw new TypeError(`table ${table} has no column ${name}`)
      return column
    })
    const names = columns.map(({ name }) => identifier(name)).join(', ')
    await this.#insert(`INSERT INTO ${identifier(table)} (${names}) FORMAT RowBinary`, rowBinary(columns, rows), token)
  }

  async createDatabase(): Promise<void> {
    const client = this.#connect('default')
    try {
      await this.#call('queries', async () => {
        const found = await client.query({
          query: 'SELECT 1 FROM system.databases WHERE name = {name:String}',
          query_params: { name: this.database },
          format: 'JSONEachRow',
        })
        // A user who may not create databases can still use one that is there.
        if ((await found.json()).length > 0) return
        await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${identifier(this.database)} ENGINE = Atomic` })
      })
    } finally {
      await client.close()
    }
  }

  async ping(): Promise<boolean> {
    const { success } = await this.#client.ping({ select: true })
    return success
  }

  async close(): Promise<void> {
    await this.#client.close()
  }

  #insert(query: string, body: Uint8Array, token?: string): Promise<void> {
    return this.#call('inserts', async () => {
      const { stream } = await this.#client.exec({
        query,
        values: Readable.from([body], { objectMode: false }),
        clickhouse_settings:
          token === undefined ? INSERT_SETTINGS : { ...INSERT_SETTINGS, insert_deduplication_token: token },
      })
      // An insert answers with nothing; the connection is free again when that is read.
      for await (const _ of stream);
      this.counters.inserted_bytes += body.length
    })
  }

  /** One record, such as a container that is kept, costs no less as columns. What is no container is ClickHouse's to refuse. */
  async #asColumns(table: string, container: Uint8Array): Promise<Columns | null> {
    const block = blockOf(container)
    if (block === null || block.count < 2) return null
    let reader = this.#avroColumns.get(table)
    if (reader === undefined) {
      reader = new AvroColumns(await this.#columnsOf(table))
      this.#avroColumns.set(table, reader)
    }
    return reader.of(block)
  }

  #columnsOf(table: string): Promise<ReadonlyMap<string, Column>> {
    let columns = this.#columns.get(table)
    if (columns === undefined) {
      columns = this.#describe(table)
      this.#columns.set(table, columns)
      columns.catch(() => this.#columns.delete(table))
    }
    return columns
  }

  async #describe(table: string): Promise<ReadonlyMap<string, Column>> {
    const columns = await this.rows<Column>(`DESCRIBE TABLE ${identifier(table)}`)
    return new Map(columns.map((column) => [column.name, column]))
  }

  #read(query: string, parameters: QueryParameters = {}) {
    return { query, query_params: parameters, clickhouse_settings: READ_SETTINGS }
  }

  #connect(database: string): ClickHouseClient {
    const { url, username, password, maxConnections = 10 } = this.#options
    return createClient({
      url,
      username,
      password,
      database,
      application: 'tlsrep',
      request_timeout: this.#timeout,
      max_open_connections: maxConnections,
      // Below the server's own keep-alive time-out (3 s in old versions): a request into a connection that the server is just closing fails.
      keep_alive: { enabled: true, idle_socket_ttl: 2_500, eagerly_destroy_stale_sockets: true },
      // It would write every error to stderr, query and all.
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: {
        max_execution_time: Math.max(1, Math.ceil(this.#timeout / 1000) - 1),
        max_query_size: String(MAX_QUERY_SIZE),
      },
    })
  }

  async #call<T>(kind: 'queries' | 'inserts', work: () => Promise<T>): Promise<T> {
    this.counters[kind]++
    try {
      return await work()
    } catch (error) {
      throw this.#failed(error)
    }
  }

  #failed(error: unknown): Error {
    this.counters.errors++
    return classified(error, this.where)
  }
}

const READ_SETTINGS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  date_time_output_format: 'iso',
  // What nobody waits for any more is ended; the server does that for read-only queries alone.
  readonly: '2',
  cancel_http_readonly_queries_on_client_close: 1,
}

/** Also on a server whose profile says otherwise. */
const INSERT_SETTINGS: ClickHouseSettings = {
  wait_end_of_query: 1,
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  // Records of an older schema lack fields that were added with a default.
  input_format_avro_allow_missing_fields: 1,
  // A replay of years of log touches a partition for every month.
  throw_on_max_partitions_per_insert_block: 0,
}

function blockOf(container: Uint8Array): AvroBlock | null {
  try {
    return avroBlock(container)
  } catch {
    return null
  }
}

/** Names come from our own code and from `clickhouse.database`; quoted all the same. */
function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
