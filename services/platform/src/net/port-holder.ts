import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'

export type TransportProtocol = 'tcp' | 'udp'

/** The process that holds a port. */
export interface PortHolder {
  pid: number
  /** Name of its program without arguments (which may hold secrets), printable ASCII only, at most 40 characters. */
  program: string
}

/** State column of /proc/net: a listening TCP socket, an unconnected UDP socket (include/net/tcp_states.h of Linux). */
const BOUND_STATE = { tcp: '0A', udp: '07' } as const

const PROGRAM_MAX = 40

/**
 * Which process holds a local port, of any local address: for the message of `TLSREP_PORT_IN_USE`. Goes from /proc/net to the socket's
 * inode and from there through /proc/PID/fd to the process.
 * @param proc where the proc file system is mounted
 * @returns undefined when nobody holds the port any more, when the holder belongs to another user and we may not look, and on systems
 *   without /proc. Never throws.
 */
export async function findPortHolder(
  protocol: TransportProtocol,
  port: number,
  proc = '/proc',
): Promise<PortHolder | undefined> {
  const inodes = new Set<string>()
  for (const table of [protocol, `${protocol}6`]) {
    for (const inode of boundInodes(await textOf(`${proc}/net/${table}`), BOUND_STATE[protocol], port))
      inodes.add(inode)
  }
  if (inodes.size === 0) return undefined
  for (const pid of await namesIn(proc)) {
    if (/^\d+$/.test(pid) && (await holdsOneOf(`${proc}/${pid}/fd`, inodes))) {
      return { pid: Number(pid), program: await programOf(`${proc}/${pid}`) }
    }
  }
  return undefined
}

/** Columns of /proc/net/{tcp,udp}: sl, local address:port in hexadecimal, remote, state, queues, timer, retransmits, uid, timeout, inode. */
function boundInodes(table: string, state: string, port: number): string[] {
  const inodes: string[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local, , lineState, , , , , , inode] = line.trim().split(/\s+/)
    if (local === undefined || inode === undefined || inode === '0' || lineState !== state) continue
    if (Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port) inodes.push(inode)
  }
  return inodes
}

async function holdsOneOf(folder: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const descriptor of await namesIn(folder)) {
    const target = await linkOf(`${folder}/${descriptor}`)
    if (target.startsWith('socket:[') && inodes.has(target.slice(8, -1))) return true
  }
  return false
}

/** The program's file name; where we may not read that, the name that the process gave itself. */
async function programOf(folder: string): Promise<string> {
  const name = basename(await linkOf(`${folder}/exe`)) || (await textOf(`${folder}/comm`)).trim()
  return name.replace(/[^ -~]/g, '?').slice(0, PROGRAM_MAX) || 'unknown'
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '')
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

async function linkOf(path: string): Promise<string> {
  return readlink(path).catch(() => '')
}
