/** What the scorer needs of ClickHouse; the adapter of platform is one. Both reject with `ClickHouseUnavailable` in an outage. */
export interface Store {
  /** The rows of a query in the format JSONEachRow; parameters as ClickHouse's `{name:Type}`. */
  rows<T>(query: string, params?: Record<string, unknown>): Promise<T[]>
  /** Inserts an Avro container; again with the same token it changes nothing. */
  insertAvro(table: string, container: Uint8Array, token: string): Promise<void>
  command(sql: string): Promise<void>
}
