import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { HEADER_BYTES } from './protocol.ts'
import type { ListenerOptions } from './udp-listener.ts'

/** No query for this list is longer, with any EDNS options; a longer frame is something else that came to the wrong port. */
const FRAME_MAX = 4096
const PREFIX_BYTES = 2

export interface TcpListenerOptions extends ListenerOptions {
  /** Connections at a time; further ones are closed at once. */
  maxConnections: number
  /** Milliseconds that a connection may take for its next whole query, and the client for reading the answers (RFC 7766 section 6.2.3). */
  idleTimeout: number
}

export interface TcpListener {
  port: number
  close(): Promise<void>
}

/** DNS over TCP (RFC 7766): length-prefixed, pipelined, answered in order. @throws what bind(2) says */
export async function openTcp(options: TcpListenerOptions): Promise<TcpListener> {
  const connections = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    options.counters.tcp_connections++
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    serve(socket, options)
  })
  server.maxConnections = options.maxConnections
  server.on('drop', () => options.counters.tcp_refused++)
  server.listen({ host: options.address, port: options.port, exclusive: true })
  await once(server, 'listening')
  server.on('error', (error) => options.logger.error({ output: 'dnsbl', err: error }, 'TCP socket failed'))
  return { port: portOf(server), close: () => close(server, connections) }
}

function serve(socket: Socket, options: TcpListenerOptions): void {
  const { counters } = options
  let rest: Buffer = Buffer.alloc(0)
  // Runs from query to query, not from byte to byte: who sends a byte now and then does not keep a connection for ever.
  const idle = setTimeout(() => {
    counters.tcp_timed_out++
    socket.destroy()
  }, options.idleTimeout)
  socket.once('close', () => clearTimeout(idle))
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())
  socket.on('drain', () => {
    idle.refresh()
    socket.resume()
  })
  socket.on('data', (chunk: Buffer) => {
    const received = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const taken = answerFrames(socket, received, options)
    if (taken < 0) {
      counters.tcp_garbage++
      socket.destroy()
      return
    }
    // A copy, so that half a frame does not keep the whole chunk in memory.
    rest = Buffer.from(received.subarray(taken))
    if (socket.writableNeedDrain) socket.pause()
    else if (taken > 0) idle.refresh()
  })
}

/** Answers all whole frames. @returns bytes taken; -1 when the client sends what is no query */
function answerFrames(socket: Socket, received: Buffer, options: TcpListenerOptions): number {
  const { responder, counters } = options
  let at = 0
  socket.cork()
  try {
    while (at + PREFIX_BYTES <= received.length) {
      const length = received.readUInt16BE(at)
      if (length < HEADER_BYTES || length > FRAME_MAX) return -1
      const end = at + PREFIX_BYTES + length
      if (end > received.length) break
      counters.queries_tcp++
      const bytes = responder.answer(received.subarray(at + PREFIX_BYTES, end), 'tcp')
      if (bytes === 0) return -1
      const frame = Buffer.allocUnsafe(PREFIX_BYTES + bytes)
      frame.writeUInt16BE(bytes, 0)
      responder.reply.copy(frame, PREFIX_BYTES, 0, bytes)
      socket.write(frame)
      at = end
    }
    return at
  } finally {
    socket.uncork()
  }
}

async function close(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of connections) socket.destroy()
  await closed
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return address.port
}
