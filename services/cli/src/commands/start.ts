import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config, InputConfig } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { configError } from '@tlsrep/platform/config/problem'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { type Actor, createLifecycle } from '@tlsrep/platform/lifecycle/lifecycle'
import { createLogger } from '@tlsrep/platform/log/logger'
import { chooseInputs } from '../embedded/choose-inputs.ts'
import { Embedded } from '../embedded/embedded.ts'
import { narrate } from '../embedded/narration.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { policyOf } from '../wiring/policy.ts'
import type { CommandIo } from './command-io.ts'

export interface StartOptions {
  config?: string
  data?: string
  /** Logs to read in place of the configured ones. */
  log?: readonly string[]
}

/**
 * Runs the embedded shape until it is stopped.
 * @returns the exit code
 */
export async function start(options: StartOptions, version: string, io: CommandIo): Promise<number> {
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const loaded = loadConfig({ explicitPath: options.config, cwd: process.cwd(), readFile, env: io.env })
  if (!loaded.ok) return refused(configError(loaded.problems), io)
  const config: Config = options.data === undefined ? loaded.config : { ...loaded.config, data: resolve(options.data) }
  try {
    return await run(config, loaded.source ?? null, options, version, io)
  } catch (error) {
    if (error instanceof OperatorError) return refused(error, io)
    throw error
  }
}

async function refused(error: OperatorError, io: CommandIo): Promise<number> {
  await written(io.stderr, failureText(error))
  return EXIT.usage
}

async function run(
  config: Config,
  configFile: string | null,
  options: StartOptions,
  version: string,
  io: CommandIo,
): Promise<number> {
  const policy = policyOf(config)
  const logger = createLogger(config.log)
  const lifecycle = createLifecycle({ logger })
  let reads = ''
  const inputs = (): readonly InputConfig[] => {
    const chosen = chooseInputs(config, options.log ?? [], io.now())
    reads = chosen.told
    return chosen.inputs
  }
  const embedded = new Embedded({ config, configFile, policy, inputs, logger, version, now: io.now }, lifecycle)
  return lifecycle.run([...embedded.actors, narrator(embedded, config, () => reads, options, version, io)])
}

/** Speaks once all is up; what it says is for people, so a failure of it stops nothing. */
function narrator(
  embedded: Embedded,
  config: Config,
  reads: () => string,
  options: StartOptions,
  version: string,
  io: CommandIo,
): Actor {
  const stop = new AbortController()
  return {
    name: 'narration',
    start: async () => {
      const write = (text: string): void => void io.stdout.write(text)
      const narration = {
        running: embedded.running,
        config,
        version,
        reads: reads(),
        write,
        now: io.now,
        signal: stop.signal,
      }
      narrate({ ...narration, commandOptions: commandOptions(options) }).catch((error: unknown) => {
        if (!stop.signal.aborted) io.stderr.write(failureText(error))
      })
    },
    stop: async () => stop.abort(),
  }
}

function commandOptions({ config, data }: StartOptions): string {
  return `${config === undefined ? '' : ` --config ${config}`}${data === undefined ? '' : ` --data ${data}`}`
}
