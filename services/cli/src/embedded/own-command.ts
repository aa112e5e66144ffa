import { accessSync, constants } from 'node:fs'
import { basename, delimiter, join, relative } from 'node:path'

/**
 * How this program is called from the same place: what is told to a person must work when pasted.
 * @param argv as of `process`: the second is the script
 */
export function ownCommand(argv: readonly string[], env: NodeJS.ProcessEnv, cwd: string): string {
  const { npm_command: npm } = env
  if (npm !== undefined) return 'npx tlsrep'
  const script = argv[1] ?? 'tlsrep'
  if (isOnPath('tlsrep', env) && basename(script).startsWith('tlsrep')) return 'tlsrep'
  const path = relative(cwd, script)
  return `node ${shellWord(path.startsWith('..') ? script : path)}`
}

export function isOnPath(program: string, { PATH = '' }: NodeJS.ProcessEnv): boolean {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}

/** One word for a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
