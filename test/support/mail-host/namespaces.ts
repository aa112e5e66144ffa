import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startCommand } from './command.ts'
import { MX_ADDRESS, MX_ADDRESS_V6, MX_NAME } from './postfix-config.ts'

const INIT = fileURLToPath(new URL('init.sh', import.meta.url))

/** The namespaces of one mail host, which live as long as their first process. */
export interface Namespaces {
  /** Resolves with Postfix' exit status when it has stopped; null when the namespaces ended first. */
  readonly postfixStopped: Promise<number | null>
  /** A command as it runs among the host's processes and files. */
  inside(argv: readonly string[]): string[]
  /** A command with the machine's own files and processes, and the host's network. Killed when this process ends. */
  inNetwork(argv: readonly string[]): string[]
  /** What the first process and Postfix' own start wrote on stderr so far. */
  stderr(): string
  /** Ends every process of the host. */
  stop(): Promise<void>
}

export interface NamespacesOptions {
  image: string
  directory: string
  /** Beside the environment of this process. */
  env: Readonly<Record<string, string>>
}

/**
 * Starts the first process of a host. It watches a pipe that this process holds, so that the host ends with this process, even by
 * SIGKILL.
 * @throws Error with the words of the failed step
 */
export async function startNamespaces({ image, directory, env }: NamespacesOptions): Promise<Namespaces> {
  const flags = ['--mount', '--net', '--uts', '--pid', '--fork', '--kill-child']
  const child = startCommand(['unshare', ...flags, 'sh', INIT, image, directory, MX_NAME, MX_ADDRESS, MX_ADDRESS_V6], {
    env: { ...process.env, ...env },
  })
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const { pid, postfixStopped } = readReports(child)
  const target = await pid
  if (target === null) throw new Error(`the mail host did not start: ${stderr}`)
  return {
    postfixStopped,
    stderr: () => stderr,
    inside: (argv) => [
      'nsenter',
      `--target=${target}`,
      '--mount',
      '--net',
      '--uts',
      '--pid',
      'chroot',
      `${directory}/root`,
      ...argv,
    ],
    inNetwork: (argv) => ['nsenter', `--target=${target}`, '--net', 'setpriv', '--pdeathsig=SIGKILL', ...argv],
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.stdin?.end()
      await ended
    },
  }
}

/** Reads what init.sh reports on its standard output: `pid N` once, `stopped STATUS` when Postfix ended. */
function readReports(child: ChildProcess): { pid: Promise<number | null>; postfixStopped: Promise<number | null> } {
  const pid = Promise.withResolvers<number | null>()
  const stopped = Promise.withResolvers<number | null>()
  child.on('error', pid.reject)
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [report, value] = line.split(' ')
      if (report === 'pid') pid.resolve(Number(value))
      if (report === 'stopped') stopped.resolve(Number(value))
    })
  }
  child.on('close', () => {
    pid.resolve(null)
    stopped.resolve(null)
  })
  return { pid: pid.promise, postfixStopped: stopped.promise }
}
