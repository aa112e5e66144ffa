import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Policy } from '@tlsrep/core/policy/policy'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { configError } from '@tlsrep/platform/config/problem'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { type Actor, createLifecycle } from '@tlsrep/platform/lifecycle/lifecycle'
import { givesBackAtRest } from '@tlsrep/platform/lifecycle/resting-memory'
import { createLogger } from '@tlsrep/platform/log/logger'
import type { ServiceOptions } from '../distributed/service.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { policyOf } from '../wiring/policy.ts'
import type { CommandIo } from './command-io.ts'

export interface RunOptions {
  config?: string
  data?: string
  /** Of a collector: logs to read in place of the configured ones. */
  log?: readonly string[]
}

/** A service of the distributed shape: its parts, in the order in which they start. */
export type Service = (options: ServiceOptions, policy: Policy, run: RunOptions) => readonly Actor[]

/**
 * Runs a service until it is stopped.
 * @returns the exit code
 */
export async function runService(service: Service, run: RunOptions, version: string, io: CommandIo): Promise<number> {
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const loaded = loadConfig({ explicitPath: run.config, cwd: process.cwd(), readFile, env: io.env })
  if (!loaded.ok) return refused(configError(loaded.problems), io)
  const config: Config = run.data === undefined ? loaded.config : { ...loaded.config, data: resolve(run.data) }
  const logger = createLogger(config.log)
  const lifecycle = createLifecycle({ logger })
  try {
    const actors = service({ config, logger, version, now: io.now, lifecycle }, policyOf(config), run)
    return await lifecycle.run([givesBackAtRest(), ...actors])
  } catch (error) {
    if (error instanceof OperatorError) return refused(error, io)
    throw error
  }
}

async function refused(error: OperatorError, io: CommandIo): Promise<number> {
  await written(io.stderr, failureText(error))
  return EXIT.usage
}
