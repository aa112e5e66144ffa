import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CALL = fileURLToPath(new URL('call-exported.ts', import.meta.url))

/** The rights by which root reads and enters what modes forbid (capabilities(7)). */
const PAST_MODES = '-dac_override,-dac_read_search'

/**
 * The command such that the modes of files hold for it, as they do for any user. Root stays root, so it runs wherever the repository lies,
 * and gives up for good, for itself and its children, the rights by which modes are none of its concern.
 */
export function boundByModes(command: readonly string[]): string[] {
  if (process.getuid?.() !== 0) return [...command]
  return ['setpriv', `--bounding-set=${PAST_MODES}`, `--inh-caps=${PAST_MODES}`, '--', ...command]
}

/** What came of a call in another process. */
export type CallOutcome =
  | { kind: 'value'; value: unknown }
  | { kind: 'error'; error: { code: unknown; message: string } }

/** Calls a function that a module exports, in a process for which modes hold. Arguments and value go as JSON. */
export async function callBoundByModes(module: URL, name: string, ...args: readonly unknown[]): Promise<CallOutcome> {
  const node = [process.execPath, CALL, module.href, name, JSON.stringify(args)]
  const [command = '', ...rest] = boundByModes(node)
  const { stdout } = await promisify(execFile)(command, rest)
  return JSON.parse(stdout) as CallOutcome
}
