import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { configError } from '@tlsrep/platform/config/problem'
import { type Instance, readInstance } from '@tlsrep/platform/data-dir/instance'

/** How a command says which installation it is about. */
export interface AccessOptions {
  config?: string
  data?: string
}

export interface Installation {
  config: Config
  /** Null where nothing runs on the data directory. */
  instance: Instance | null
}

/**
 * The configuration, and what runs on its data directory. Where the command names no file, the instance's own configuration holds: its
 * policy and its modes are what the command is to speak of.
 * @throws OperatorError TLSREP_CONFIG_INVALID
 */
export async function findInstallation(options: AccessOptions, env: NodeJS.ProcessEnv): Promise<Installation> {
  const config = configurationOf(options.config, options.data, env)
  const instance = (await readInstance(config.data)) ?? null
  const file = instance?.config ?? null
  if (instance === null || options.config !== undefined || file === null) return { config, instance }
  return { config: configurationOf(file, config.data, env), instance }
}

function configurationOf(file: string | undefined, data: string | undefined, env: NodeJS.ProcessEnv): Config {
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const loaded = loadConfig({ explicitPath: file, cwd: process.cwd(), readFile, env })
  if (!loaded.ok) throw configError(loaded.problems)
  return data === undefined ? loaded.config : { ...loaded.config, data: resolve(data) }
}
