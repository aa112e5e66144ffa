import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mailHostDirectory } from './image.ts'

/** A directory for one host, whose name says which process it belongs to. */
export function claimDirectory(): string {
  return mkdtempSync(join(hostsDirectory(), `${process.pid}-${startOf(process.pid)}-`))
}

/**
 * Removes the files of hosts whose process ended without stopping them. Of such a host nothing else is left: its processes, mounts
 * and network ended with that process.
 */
export function removeAbandoned(): void {
  for (const name of readdirSync(hostsDirectory())) {
    const [pid = '', start = ''] = name.split('-')
    if (startOf(Number(pid)) === start) continue
    rmSync(join(hostsDirectory(), name), { recursive: true, force: true })
  }
}

function hostsDirectory(): string {
  const directory = join(mailHostDirectory(), 'hosts')
  mkdirSync(directory, { recursive: true })
  return directory
}

/** When a process started, in ticks since boot (proc(5), stat, field 22): a pid used again is another process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
