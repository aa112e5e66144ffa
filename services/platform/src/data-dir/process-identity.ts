import { readFileSync, readlinkSync } from 'node:fs'

/** A process so that it cannot be taken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks after boot at which it started, proc_pid_stat(5) field 22; null where that cannot be read. */
  start_ticks: string | null
  /** The run of the kernel, and the pid namespace in it: only there do the two above mean anything. Null without /proc. */
  boot_id: string | null
  pid_namespace: string | null
}

/** `unknown`: it belongs to another machine, another run of it, or a container whose processes cannot be seen from here. */
export type ProcessState = 'alive' | 'dead' | 'unknown'

/** This process. */
export function ownIdentity(proc = '/proc'): ProcessIdentity {
  return {
    pid: process.pid,
    start_ticks: statOf(process.pid, proc)?.startTicks ?? null,
    boot_id: textOf(`${proc}/sys/kernel/random/boot_id`),
    pid_namespace: linkOf(`${proc}/self/ns/pid`),
  }
}

/** Whether a process is still there. */
export function stateOf(identity: ProcessIdentity, proc = '/proc'): ProcessState {
  const own = ownIdentity(proc)
  if (identity.boot_id !== own.boot_id || identity.pid_namespace !== own.pid_namespace) return 'unknown'
  const stat = statOf(identity.pid, proc)
  // Another user's process may be hidden (hidepid of proc(5)); the kernel still says whether the number is taken.
  if (stat === undefined) return isTaken(identity.pid) ? 'alive' : 'dead'
  if (stat.state === 'Z' || stat.state === 'X') return 'dead'
  return identity.start_ticks === null || identity.start_ticks === stat.startTicks ? 'alive' : 'dead'
}

/** Fields 3 and 22 of /proc/PID/stat. The command before them may hold spaces and brackets, so count from the last bracket. */
function statOf(pid: number, proc: string): { state: string; startTicks: string } | undefined {
  const text = textOf(`${proc}/${pid}/stat`)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, startTicks] = [fields?.[0], fields?.[19]]
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks }
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return null
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}
