import { Writable } from 'node:stream'
import type { CommandIo } from './command-io.ts'

/** What a command said and how it ended. */
export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** Columns of the terminal; default: no terminal. */
  columns?: number
  signal?: AbortSignal
  now?: () => number
}

/** Runs a command in this process and keeps what it writes. */
export async function run(command: (io: CommandIo) => Promise<number>, options: RunOptions = {}): Promise<Outcome> {
  const said = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr'): NodeJS.WriteStream => {
    const writable = new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk)
        done()
      },
    })
    const terminal = options.columns === undefined ? {} : { isTTY: true, columns: options.columns }
    return Object.assign(writable, terminal) as NodeJS.WriteStream
  }
  const { signal = new AbortController().signal, now = Date.now } = options
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), env: { NO_COLOR: '1' }, signal, now }
  const code = await command(io)
  return { code, ...said }
}

/** The objects of NDJSON. */
export function objects(ndjson: string): Record<string, unknown>[] {
  return ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
