import { ClickHouseUnavailable, throughOutages } from '@tlsrep/platform/clickhouse/unavailable'
import type { Logger } from 'pino'
import type { Store } from './store.ts'

export interface Patience {
  logger: Logger
  /** Ends the waiting; what is under way then rejects. */
  signal: AbortSignal
  /** Called for every call that found ClickHouse away. */
  onOutage: () => void
}

/** A store that waits out its outages: each call is made again until it is answered. */
export function patientStore(store: Store, { logger, signal, onOutage }: Patience): Store {
  const outlast = <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const attempt = (): Promise<T> =>
      work().catch((error: unknown) => {
        if (error instanceof ClickHouseUnavailable) onOutage()
        throw error
      })
    return throughOutages(attempt, { what, logger, signal })
  }
  return {
    rows: (query, params) => outlast('reading', () => store.rows(query, params)),
    insertAvro: (table, container, token) =>
      outlast(`storing into ${table}`, () => store.insertAvro(table, container, token)),
    command: (sql) => outlast('a command', () => store.command(sql)),
  }
}
