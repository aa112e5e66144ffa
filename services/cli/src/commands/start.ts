import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config, InputConfig } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { configError } from '@tlsrep/platform/config/problem'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { type Actor, createLifecycle } from '@tlsrep/platform/lifecycle/lifecycle'
import { givesBackAtRest } from '@tlsrep/platform/lifecycle/resting-memory'
import { createLogger } from '@tlsrep/platform/log/logger'
import type { Logger } from 'pino'
import { chooseInputs } from '../embedded/choose-inputs.ts'
import { Embedded } from '../embedded/embedded.ts'
import { type NarrationOptions, narrate } from '../embedded/narration.ts'
import { isOnPath, ownCommand, shellWord } from '../embedded/own-command.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { styleFor } from '../table/draw-table.ts'
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
    return await run(config, loaded.source === undefined ? null : resolve(loaded.source), options, version, io)
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
  const parts = (): Omit<NarrationOptions, 'signal'> => ({
    running: embedded.running,
    config,
    policy,
    version,
    reads,
    command: commandLine(options, io),
    has: (program) => isOnPath(program, io.env),
    write: (text) => void io.stdout.write(text),
    isTerminal: io.stdout.isTTY === true,
    width: Math.min(styleFor(io.stdout, io.env).width ?? WIDEST, WIDEST),
    now: io.now,
  })
  const code = await lifecycle.run([givesBackAtRest(), ...embedded.actors, narrator(parts, logger)])
  if (code === EXIT.ok) await written(io.stdout, 'Stopped. The next start goes on where it was.\n')
  return code
}

/** Lines of prose are no longer than this, however wide the terminal. */
const WIDEST = 100

/** Speaks once all is up; what it says is for people, so a failure of it stops nothing. */
function narrator(parts: () => Omit<NarrationOptions, 'signal'>, logger: Logger): Actor {
  const stop = new AbortController()
  return {
    name: 'narration',
    start: async () => {
      narrate({ ...parts(), signal: stop.signal }).catch((error: unknown) => {
        if (!stop.signal.aborted) logger.warn({ err: error }, 'what was read cannot be shown; tlsrep runs all the same')
      })
    },
    stop: async () => stop.abort(),
  }
}

/** Commands that find this instance from where it was started. */
function commandLine({ config, data }: StartOptions, io: CommandIo): (subcommand: string) => string {
  const own = ownCommand(process.argv, io.env, process.cwd())
  const where = [...(config === undefined ? [] : ['--config', config]), ...(data === undefined ? [] : ['--data', data])]
  return (subcommand) => [own, subcommand, ...where.map(shellWord)].join(' ')
}
