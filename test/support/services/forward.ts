import { connect, createServer, type Server, type Socket } from 'node:net'

export type Endpoint = number | string

/** Passes connections on, byte for byte, between ports of 127.0.0.1 (numbers) and Unix sockets (paths). @returns how to end it */
export async function forward(from: Endpoint, to: Endpoint): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    const target = open(to)
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    client.pipe(target).pipe(client)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if (typeof from === 'number') server.listen(from, '127.0.0.1', resolve)
    else server.listen(from, resolve)
  })
  return async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

function open(to: Endpoint): Socket {
  return typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to)
}
