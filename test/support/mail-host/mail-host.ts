import type { ChildProcess } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandOptions, type CommandResult, runCommand, startCommand } from './command.ts'
import { faketimeLibrary, type HostFiles, writeHostFiles } from './host-files.ts'
import { mailHostImage } from './image.ts'
import { claimDirectory, removeAbandoned } from './leftovers.ts'
import { type Namespaces, startNamespaces } from './namespaces.ts'
import { type ReceivedMail, readMaildir } from './received.ts'
import type { SmtpJob, SmtpResult } from './smtp/job.ts'
import { Peers } from './smtp/peers.ts'
import { until } from './until.ts'

const START_MS = 30_000

export interface MailHostOptions extends HostFiles {
  /** Environment of Postfix beside that of this process, e.g. `TZ`. */
  env?: Readonly<Record<string, string>>
}

export interface SpawnOptions {
  /** Beside the environment of this process. */
  env?: Readonly<Record<string, string | undefined>>
  cwd?: string
}

/** A real Postfix with a network of its own, in which its peers and the program under test live too. */
export interface MailHost {
  /** Postfix' log, as a file of the machine. */
  readonly logFile: string
  /** A directory of the machine that goes with the host, for files of the test. */
  readonly directory: string
  /** libfaketime as a file of the machine: for LD_PRELOAD of a program whose clock a test moves. */
  readonly faketimeLibrary: string
  /** Runs a command of the host: its files, its processes, its network. */
  run(...argv: string[]): Promise<CommandResult>
  /** Runs a command of the machine in the host's network. */
  exec(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** Starts a command of the machine in the host's network; it is killed by `stop`, and when this process ends. */
  spawn(argv: readonly string[], options?: SpawnOptions): ChildProcess
  /** Has one SMTP session from one of the network's addresses. What the server refuses is a result. */
  sendMail(job: SmtpJob): Promise<SmtpResult>
  log(): string
  /** Messages delivered so far, oldest first. Delivery comes a moment after the reply to the sender. */
  received(): ReceivedMail[]
  /** Ends every process of the host and of its network that was started here, and removes its files. */
  stop(): Promise<void>
}

/**
 * Starts Postfix under the settings given. The first call on a machine installs it into a cache, which takes about a quarter of a
 * minute; the machine itself is never changed. `mailHostAvailable` says whether it can.
 * @throws Error with Postfix' or apt's words when it does not come up
 */
export async function startMailHost(options: MailHostOptions = {}): Promise<MailHost> {
  removeAbandoned()
  const image = await mailHostImage()
  const directory = claimDirectory()
  writeHostFiles(directory, options)
  const namespaces = await startNamespaces({ image, directory, env: options.env ?? {} })
  const host = createHost(image, directory, namespaces)
  try {
    await postfixStarted(host, namespaces)
  } catch (error) {
    await host.stop()
    throw error
  }
  return host
}

function createHost(image: string, directory: string, namespaces: Namespaces): MailHost {
  const logFile = join(directory, 'log', 'mail.log')
  const children = new Set<ChildProcess>()
  const spawn = (argv: readonly string[], { env, cwd }: SpawnOptions = {}): ChildProcess => {
    const child = startCommand(namespaces.inNetwork(argv), {
      env: { ...process.env, ...env },
      ...(cwd !== undefined && { cwd }),
    })
    children.add(child)
    child.on('close', () => children.delete(child))
    return child
  }
  const peers = new Peers(spawn)
  return {
    logFile,
    directory,
    faketimeLibrary: faketimeLibrary(image),
    run: (...argv) => runCommand(namespaces.inside(argv)),
    exec: (argv, options) => runCommand(namespaces.inNetwork(argv), options),
    spawn,
    sendMail: (job) => peers.run(job),
    log: () => readFileSync(logFile, 'latin1'),
    received: () => readMaildir(join(directory, 'mail', 'inbox')),
    async stop() {
      for (const child of children) child.kill('SIGKILL')
      await namespaces.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Waits until Postfix' master says that it runs. */
async function postfixStarted(host: MailHost, namespaces: Namespaces): Promise<void> {
  const stopped = namespaces.postfixStopped.then((status) => {
    throw new Error(`Postfix stopped with status ${status}:\n${namespaces.stderr()}${safeLog(host)}`)
  })
  await Promise.race([
    until('Postfix runs', () => safeLog(host).includes(': daemon started -- version'), { timeout: START_MS }),
    stopped,
  ])
}

/** Before Postfix' first line there is no log. */
function safeLog(host: MailHost): string {
  try {
    return host.log()
  } catch {
    return ''
  }
}
