import { readFileSync } from 'node:fs'

/** The secret in a file that the configuration names: its first line, so that an editor's line feed does no harm. @throws as readFileSync */
export function readSecret(path: string): string {
  return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? ''
}
