import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { mailHostAvailable } from './availability.ts'
import { type CommandResult, runCommand } from './command.ts'
import { mailHostImage } from './image.ts'

const isInstalled = spawnSync('dig', ['-v']).status === 0

/** Why there is no dig here, as half a sentence; null when there is: the machine's own, or that of the mail host's image. */
export function digUnavailable(): string | null {
  return isInstalled ? null : mailHostAvailable()
}

/** Runs dig in the machine's own network. The first call on a machine without dig may install the image. */
export async function dig(...args: readonly string[]): Promise<CommandResult> {
  if (isInstalled) return runCommand(['dig', ...args])
  const upper = join(await mailHostImage(), 'upper')
  const program = join(upper, 'usr/bin/dig')
  if (!existsSync(program)) throw new Error('the image of the mail host has no dig')
  // The image has what the machine lacks: all else the linker finds where it always does.
  const libraries = globSync(join(upper, 'usr/lib/*-linux-gnu*'))
  return runCommand([program, ...args], { env: { LD_LIBRARY_PATH: libraries.join(':') } })
}
