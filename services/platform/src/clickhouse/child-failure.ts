import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../errors/operator-error.ts'

/** Whether the child ended because another process holds its directory (code 76, CANNOT_OPEN_FILE, on the file `status`). */
export function isLocked(tail: string): boolean {
  return tail.includes('Cannot lock file') || tail.includes('Another server instance in same directory')
}

/** The process that holds the directory or held it last, as ClickHouse's file `status` names it. */
export async function lastHolder(data: string): Promise<number | null> {
  const status = await readFile(join(data, 'status'), 'utf8').catch(() => '')
  const pid = /^PID: (\d+)/m.exec(status)?.[1]
  return pid === undefined ? null : Number(pid)
}

export async function directoryInUse(folder: string, data: string): Promise<OperatorError> {
  const pid = await lastHolder(data)
  return new OperatorError({
    code: 'TLSREP_CLICKHOUSE_DIRECTORY_IN_USE',
    message: `another process${pid === null ? '' : ` (pid ${pid})`} holds the ClickHouse data in ${folder}`,
    where: folder,
    remedy: 'Stop the other tlsrep, or give this one a data directory of its own (--data).',
  })
}

export function startFailed(folder: string, how: string, tail: string, log: string): OperatorError {
  const words = exceptionIn(tail)
  return new OperatorError({
    code: 'TLSREP_CLICKHOUSE_START_FAILED',
    message: `ClickHouse ${how}${words === '' ? '' : `: ${words}`}`,
    where: folder,
    remedy: `Look at ${log}; memory, free disk space and the owner of ${folder} are the usual causes.`,
  })
}

/** The exception out of the child's last words, on one line, without the stack. */
function exceptionIn(tail: string): string {
  const text = /Code: \d+\..*/s.exec(tail)?.[0] ?? tail
  return text.split('\n')[0]?.slice(0, 500).trim() ?? ''
}
