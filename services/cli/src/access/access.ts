import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Policy } from '@tlsrep/core/policy/policy'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { configError } from '@tlsrep/platform/config/problem'
import { openDataDir } from '@tlsrep/platform/data-dir/data-dir'
import { type Instance, readInstance } from '@tlsrep/platform/data-dir/instance'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { createLogger } from '@tlsrep/platform/log/logger'
import type { CommandIo } from '../commands/command-io.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { clickHouseOf, reachClickHouse, reachServer } from '../wiring/clickhouse.ts'
import { policyOf } from '../wiring/policy.ts'
import { prepareTables } from '../wiring/tables.ts'

/** How a command says which installation it is about. */
export interface AccessOptions {
  config?: string
  data?: string
}

/** An installation, running or not, as a command sees it. */
export interface Access {
  config: Config
  policy: Policy
  clickhouse: ClickHouse
  /** Null where nothing runs on the data directory: then the command holds it, or (with Kafka) nobody does. */
  instance: Instance | null
}

/**
 * Runs a command on an installation: on the one that runs on the data directory, else on the directory itself, opened for as long as the
 * command takes. What an operator can mend is printed.
 * @param prepare whether a directory's tables are brought to this release first
 * @returns the exit code
 */
export async function withAccess(
  options: AccessOptions,
  io: CommandIo,
  work: (access: Access) => Promise<number>,
  prepare = true,
): Promise<number> {
  const loaded = loadConfig({
    explicitPath: options.config,
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
    env: io.env,
  })
  if (!loaded.ok) return told(configError(loaded.problems), EXIT.usage, io)
  const config = options.data === undefined ? loaded.config : { ...loaded.config, data: resolve(options.data) }
  try {
    const instance = await readInstance(config.data)
    if (instance !== undefined) return await onInstance(config, instance, work)
    return config.kafka === undefined ? await onDirectory(config, work, prepare) : await onServer(config, work)
  } catch (error) {
    if (error instanceof OperatorError) return told(error, EXIT.faults, io)
    throw error
  }
}

async function told(error: OperatorError, code: number, io: CommandIo): Promise<number> {
  await written(io.stderr, failureText(error))
  return code
}

async function onInstance(
  config: Config,
  instance: Instance,
  work: (access: Access) => Promise<number>,
): Promise<number> {
  const reached = await clickHouseOf(config, instance)
  try {
    return await work({ config, policy: policyOf(config), clickhouse: reached.clickhouse, instance })
  } finally {
    await reached.close()
  }
}

/** The distributed shape: its store is a server of its own, and no directory is anybody's. Its tables are made by `tlsrep migrate` alone. */
async function onServer(config: Config, work: (access: Access) => Promise<number>): Promise<number> {
  const reached = reachServer(config)
  try {
    return await work({ config, policy: policyOf(config), clickhouse: reached.clickhouse, instance: null })
  } finally {
    await reached.close()
  }
}

async function onDirectory(
  config: Config,
  work: (access: Access) => Promise<number>,
  prepare: boolean,
): Promise<number> {
  const logger = createLogger({ ...config.log, level: 'error' })
  const dataDir = await openDataDir(config.data)
  try {
    const reached = await reachClickHouse(config, logger)
    try {
      if (prepare) await prepareTables(reached.clickhouse, config, logger)
      return await work({ config, policy: policyOf(config), clickhouse: reached.clickhouse, instance: null })
    } finally {
      await reached.close()
    }
  } finally {
    await dataDir.release()
  }
}
