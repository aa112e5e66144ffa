import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClickHouseChild, startClickHouseChild } from '@tlsrep/platform/clickhouse/child'
import { CHILD_USER } from '@tlsrep/platform/clickhouse/child-files'
import { type ClickHouse, openClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import type { Config } from '@tlsrep/platform/config/config'
import { readSecret } from '@tlsrep/platform/config/secret-file'
import type { Instance } from '@tlsrep/platform/data-dir/instance'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { Logger } from 'pino'

/** Where the child server keeps what it has, in a data directory. */
export function childFolder(data: string): string {
  return join(data, 'clickhouse')
}

export interface ReachedClickHouse {
  clickhouse: ClickHouse
  /** Null where the operator runs the server. */
  child: ClickHouseChild | null
  url: string
  close(): Promise<void>
}

/** What a running instance stores in. */
export async function clickHouseOf(config: Config, instance: Instance): Promise<ReachedClickHouse> {
  const { url } = config.clickhouse
  return url === undefined ? childOf(config, instance) : ownServer(config, url)
}

/** The operator's own server, or the child out of the data directory, started. Whoever calls it holds the data directory's lock. */
export async function reachClickHouse(config: Config, logger: Logger): Promise<ReachedClickHouse> {
  const { url } = config.clickhouse
  return url === undefined ? startChild(config, logger) : ownServer(config, url)
}

/**
 * The operator's own server, for services that run by themselves.
 * @throws OperatorError where the configuration names none
 */
export function reachServer(config: Config): ReachedClickHouse {
  const { url } = config.clickhouse
  if (url !== undefined) return ownServer(config, url)
  throw new OperatorError({
    code: 'TLSREP_CLICKHOUSE_NOT_CONFIGURED',
    message: 'a service that runs by itself needs a ClickHouse server, and the configuration names none',
    where: 'clickhouse.url',
    remedy: 'Write clickhouse.url, or run everything in one process: tlsrep start.',
  })
}

function ownServer({ clickhouse: settings }: Config, url: string): ReachedClickHouse {
  const clickhouse = openClickHouse({
    url,
    username: settings.user ?? 'default',
    password: settings.password_file === undefined ? '' : readSecret(settings.password_file),
    database: settings.database,
  })
  return { clickhouse, child: null, url, close: () => clickhouse.close() }
}

/** The child that a running instance has started, with the password that it keeps in the data directory. */
async function childOf(config: Config, instance: Instance): Promise<ReachedClickHouse> {
  const password = await readFile(join(childFolder(config.data), 'password'), 'utf8')
  const url = instance.addresses.clickhouse ?? `http://127.0.0.1:${config.clickhouse.child.http_port}`
  const { database } = config.clickhouse
  const clickhouse = openClickHouse({ url, username: CHILD_USER, password: password.trim(), database })
  return { clickhouse, child: null, url, close: () => clickhouse.close() }
}

async function startChild({ data, clickhouse: settings }: Config, logger: Logger): Promise<ReachedClickHouse> {
  const child = await startClickHouseChild({
    dataDir: childFolder(data),
    httpPort: settings.child.http_port,
    tcpPort: settings.child.tcp_port ?? null,
    maxMemory: settings.child.memory,
    logger,
  })
  const { url, username, password } = child
  const clickhouse = openClickHouse({ url, username, password, database: settings.database })
  return {
    clickhouse,
    child,
    url,
    close: async () => {
      // The child waits for connections that are open.
      await clickhouse.close()
      await child.stop()
    },
  }
}
