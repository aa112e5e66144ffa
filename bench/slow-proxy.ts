import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** A way to a server that takes `delay` ms longer for each request. */
export async function slowProxy(targetPort: number, delay: number): Promise<{ port: number; close(): void }> {
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    const end = (): void => {
      client.destroy()
      target.destroy()
    }
    for (const socket of [client, target]) socket.on('error', end).on('close', end)
    client.on('data', (bytes) => setTimeout(() => target.write(bytes), delay))
    target.on('data', (bytes) => client.write(bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return { port: address.port, close: () => void server.close() }
}
