import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'

/**
 * Listens on a socket file that anybody on the machine may connect to: Postfix's user is not ours. A file left by a process that died is
 * replaced, one that somebody answers on is not.
 * @throws OperatorError TLSREP_SOCKET_UNAVAILABLE
 */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  try {
    await listen(server, path)
  } catch (error) {
    if (!isCode(error, 'EADDRINUSE') || !(await isLeftBehind(path))) throw unavailable(path, error)
    try {
      await unlink(path)
      await listen(server, path)
    } catch (again) {
      throw unavailable(path, again)
    }
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, readableAll: true, writableAll: true, backlog: 1024 }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

/** True for a socket file that refuses: connecting to a file of another kind is refused too. */
async function isLeftBehind(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isSocket() === true && (await isRefused(path))
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error) => resolve(isCode(error, 'ECONNREFUSED')))
  })
}

function unavailable(path: string, cause: unknown): OperatorError {
  const inUse = isCode(cause, 'EADDRINUSE')
  return new OperatorError({
    code: 'TLSREP_SOCKET_UNAVAILABLE',
    message: inUse
      ? 'another process answers on the socket file, or it is no socket'
      : `the socket file cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`,
    where: path,
    remedy: inUse
      ? 'Stop that process, or choose another path.'
      : 'Make the directory, and let the user that tlsrep runs as write to it.',
    cause,
  })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
