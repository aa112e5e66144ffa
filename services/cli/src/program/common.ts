import { readFileSync } from 'node:fs'
import { Option } from 'commander'
import type { CommandIo } from '../commands/command-io.ts'

/** Receives the exit code of the command that ran. */
export type Done = (code: number) => void

/** What a family of commands needs to be added. Commands load their code when they run: help and messages come at once. */
export interface Adding {
  io: CommandIo
  done: Done
}

export function configOption(): Option {
  return new Option(
    '--config <file>',
    'configuration file (default: ./tlsrep.yaml, else /etc/tlsrep/tlsrep.yaml, else the defaults)',
  )
}

export function dataOption(): Option {
  return new Option('--data <dir>', 'data directory (default: that of the configuration, else ./tlsrep-data)')
}

export function jsonOption(what = 'print JSON, one object a line'): Option {
  return new Option('--json', what)
}

/** Of the package, which is that of tlsrep. */
export function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return manifest.version
}
