import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export interface CommandResult {
  /** Null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  env?: Record<string, string | undefined>
  cwd?: string
  input?: string
  /** Milliseconds after which the command is killed; a minute unless given. */
  timeout?: number
}

/** Runs a command to its end. A command that fails is a result; one that cannot be started throws. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { env, cwd, input = '', timeout = 60_000 } = options
  const child = startCommand(argv, {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
    timeout,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  // A command that does not read its input ends the pipe; what it said counts.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const [code, stdout, stderr] = await Promise.all([ended, textOf(child.stdout), textOf(child.stderr)])
  return { code, stdout, stderr }
}

/**
 * What a command said that had to succeed.
 * @throws Error with its words when it did not
 */
export function mustSucceed({ code, stdout, stderr }: CommandResult): string {
  if (code !== 0) throw new Error(`exit status ${code}\n${stdout}${stderr}`)
  return stdout
}

export function startCommand(argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const [command, ...args] = argv
  if (command === undefined) throw new Error('no command given')
  return spawn(command, args, options)
}

async function textOf(stream: ChildProcess['stdout']): Promise<string> {
  return stream === null ? '' : text(stream)
}
