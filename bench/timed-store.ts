import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'

/** What one kind of call cost, seen from here: waiting and the server's work included. */
export interface CallCost {
  calls: number
  seconds: number
  bytes: number
}

/** Adds up in `costs` what every call through this adapter costs from now on, by what it is for. */
export function timeCalls(clickhouse: ClickHouse, costs: Map<string, CallCost>): void {
  const timed = async <T>(name: string, bytes: number, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      const cost = costs.get(name) ?? { calls: 0, seconds: 0, bytes: 0 }
      costs.set(name, cost)
      cost.calls++
      cost.seconds += (performance.now() - start) / 1000
      cost.bytes += bytes
    }
  }
  const rows = clickhouse.rows.bind(clickhouse)
  const insertAvro = clickhouse.insertAvro.bind(clickhouse)
  clickhouse.rows = <T>(query: string, parameters?: Parameters<typeof rows>[1]) =>
    timed(readName(query), 0, () => rows<T>(query, parameters))
  clickhouse.insertAvro = (table, container, token) =>
    timed(`insert ${table}`, container.length, () => insertAvro(table, container, token))
}

function readName(query: string): string {
  const table = /FROM (\w+)/.exec(query)?.[1] ?? '?'
  if (table !== 'tls_events') return `read ${table}`
  if (query.includes('perhapsOurs')) return 'read tls_events: pairs'
  if (query.includes('HAVING')) return 'read tls_events: who may have pairs'
  return query.includes('event_id IN') ? 'read tls_events: ids' : 'read tls_events: samples'
}
