import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { POLICY_INVALID } from '@tlsrep/core/policy/parse-policy'
import type { Policy } from '@tlsrep/core/policy/policy'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { ClickHouseUnavailable } from '@tlsrep/platform/clickhouse/unavailable'
import type { Config } from '@tlsrep/platform/config/config'
import { type DataDir, openDataDir } from '@tlsrep/platform/data-dir/data-dir'
import { type Instance, LOCK_FOLDER, readInstance } from '@tlsrep/platform/data-dir/instance'
import { lockHolder } from '@tlsrep/platform/data-dir/lock'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { createLogger } from '@tlsrep/platform/log/logger'
import type { CommandIo } from '../commands/command-io.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import {
  childFolder,
  clickHouseOf,
  type ReachedClickHouse,
  reachClickHouse,
  reachServer,
} from '../wiring/clickhouse.ts'
import { policyOf } from '../wiring/policy.ts'
import { prepareTables } from '../wiring/tables.ts'
import { type AccessOptions, findInstallation, type Installation } from './configuration.ts'

export type { AccessOptions } from './configuration.ts'

/** An installation, running or not, as a command sees it. */
export interface Access {
  config: Config
  policy: Policy
  clickhouse: ClickHouse
  /** Null where nothing runs on the data directory: then the command holds it, or (with Kafka) nobody does. */
  instance: Instance | null
}

/** What a data directory is prepared for. */
export interface Preparation {
  /** Whether its tables are brought to this release first. Default: true. */
  tables?: boolean
  /** Whether it is made where it is not there. Default: false, since a path with a slip of the pen would look like an empty list. */
  make?: boolean
}

const EMPTY_DATA_DIR = 'TLSREP_DATA_DIR_EMPTY'
/** What the one who gave the command has to write otherwise; other errors say that something is at fault. */
const WRONG_USE: ReadonlySet<string> = new Set(['TLSREP_CONFIG_INVALID', POLICY_INVALID, EMPTY_DATA_DIR])

/**
 * Runs a command on an installation: on the one that runs on the data directory, else on the directory itself, opened for as long as the
 * command takes. What an operator can mend is printed.
 * @returns the exit code
 */
export async function withAccess(
  options: AccessOptions,
  io: CommandIo,
  work: (access: Access) => Promise<number>,
  preparation: Preparation = {},
): Promise<number> {
  try {
    return await onInstallation(await findInstallation(options, io.env), io, work, preparation)
  } catch (error) {
    const told = error instanceof ClickHouseUnavailable ? storeAway(error) : error
    if (!(told instanceof OperatorError)) throw error
    await written(io.stderr, failureText(told))
    return WRONG_USE.has(told.code) ? EXIT.usage : EXIT.faults
  }
}

function storeAway(error: ClickHouseUnavailable): OperatorError {
  return new OperatorError({
    code: 'TLSREP_CLICKHOUSE_AWAY',
    message: `ClickHouse does not answer: ${error.message}`,
    where: 'clickhouse',
    remedy: 'Ask again in a moment; `tlsrep doctor` looks at all parts, and the log of the instance says more.',
    cause: error,
  })
}

/**
 * The same for an installation that was found before.
 * @throws OperatorError
 */
export async function onInstallation(
  { config, instance }: Installation,
  io: CommandIo,
  work: (access: Access) => Promise<number>,
  preparation: Preparation = {},
): Promise<number> {
  const policy = policyOf(config)
  const interruptible = (reached: ReachedClickHouse, running: Instance | null): Promise<number> =>
    Promise.race([interrupted(io.signal), work({ config, policy, clickhouse: reached.clickhouse, instance: running })])
  if (instance !== null)
    return using(await clickHouseOf(config, instance), (reached) => interruptible(reached, instance))
  // The distributed shape: its store is a server of its own, and no directory is anybody's. Its tables are made by `tlsrep migrate` alone.
  if (config.kafka !== undefined) return using(reachServer(config), (reached) => interruptible(reached, null))
  if (preparation.make !== true) requireData(config)
  const holder = await openOrStarted(config)
  if ('instance' in holder) return onInstallation({ config, instance: holder.instance }, io, work, preparation)
  const logger = createLogger({ ...config.log, level: 'error' })
  try {
    return await using(await reachClickHouse(config, logger), async (reached) => {
      if (preparation.tables !== false) await prepareTables(reached.clickhouse, config, logger)
      return interruptible(reached, null)
    })
  } finally {
    await holder.dataDir.release()
  }
}

async function using(
  reached: ReachedClickHouse,
  work: (reached: ReachedClickHouse) => Promise<number>,
): Promise<number> {
  try {
    return await work(reached)
  } finally {
    await reached.close()
  }
}

/** Ctrl-C ends a command at once, but for what it has opened. */
function interrupted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const end = (): void => resolve(EXIT.interrupted)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

function requireData({ data, clickhouse }: Config): void {
  if (clickhouse.url !== undefined || existsSync(childFolder(data))) return
  throw new OperatorError({
    code: EMPTY_DATA_DIR,
    message: 'there is no data of tlsrep here',
    where: data,
    remedy:
      'Name the right directory with --data or the right configuration with --config; `tlsrep start` makes a new one.',
  })
}

const START_WAIT_MS = 15_000
const START_LOOK_MS = 200

/** The data directory for this command; where `tlsrep start` is just coming up on it, that is waited for. */
async function openOrStarted({ data }: Config): Promise<{ dataDir: DataDir } | { instance: Instance }> {
  for (let waited = 0; ; waited += START_LOOK_MS) {
    try {
      return { dataDir: await openDataDir(data) }
    } catch (error) {
      const isHeld = error instanceof OperatorError && error.code === 'TLSREP_DATA_DIR_HELD'
      const holder = isHeld ? await lockHolder(join(data, LOCK_FOLDER)) : undefined
      if (holder?.command !== 'tlsrep start' || waited >= START_WAIT_MS) throw error
    }
    await sleep(START_LOOK_MS)
    const instance = await readInstance(data)
    if (instance !== undefined) return { instance }
  }
}
