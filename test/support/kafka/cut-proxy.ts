import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Kafka's API keys (protocol guide, "Api Keys"). */
export const API = { produce: 0, metadata: 3, endTxn: 26 } as const

/**
 * Stands between a client and the broker's listener PROXIED, and can lose answers: a request that was passed on and whose connection
 * is cut before the answer comes leaves the client not knowing.
 */
export class CutProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #cutAfter: number[] = []
  /** Of each client's connection, what it asked last. */
  readonly #lastAsked = new Map<Socket, number>()
  cuts = 0
  /** Connections that clients have opened. */
  connections = 0

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(port: number, brokerPort: number): Promise<CutProxy> {
    const server = createServer()
    const proxy = new CutProxy(server)
    server.on('connection', (client) => proxy.#serve(client, connect(brokerPort, '127.0.0.1')))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return proxy
  }

  /** The answer to the next request of this API is lost, and its connection with it. */
  loseAnswerTo(apiKey: number): void {
    this.#cutAfter.push(apiKey)
  }

  /** Ends the connections whose last request was of this API, as a broker does with idle ones; resolves when their client has seen it. */
  async endIdle(apiKey: number): Promise<void> {
    const idle = [...this.#lastAsked].filter(([, last]) => last === apiKey).map(([client]) => client)
    const closed = idle.map((client) => once(client, 'close'))
    for (const client of idle) client.end()
    await Promise.all(closed)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(client: Socket, broker: Socket): void {
    this.connections++
    const end = (): void => {
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#lastAsked.delete(socket)
        end()
      })
    }
    let cut = false
    client.on('data', (bytes) => {
      // One request a chunk: kafkajs writes each as a whole. Bytes 4 and 5 are its API key.
      if (bytes.length > 6) this.#lastAsked.set(client, bytes.readInt16BE(4))
      const wanted = bytes.length > 6 ? this.#cutAfter.indexOf(bytes.readInt16BE(4)) : -1
      if (wanted >= 0) {
        this.#cutAfter.splice(wanted, 1)
        cut = true
      }
      broker.write(bytes)
    })
    broker.on('data', (bytes) => {
      if (!cut) return void client.write(bytes)
      // The broker has answered, so it has done what was asked.
      this.cuts++
      end()
    })
  }
}
