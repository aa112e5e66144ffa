import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Logger } from '../../logger.ts'
import type { DnsblCounters } from './counters.ts'
import type { Responder } from './responder.ts'

/** Datagrams that wait in the kernel while the process does something else. Linux grants at most net.core.rmem_max. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** Replies that the kernel has not taken yet; beyond that a client asks again, as after any lost datagram. */
const UNSENT_MAX = 4096

export interface ListenerOptions {
  address: string
  port: number
  responder: Responder
  counters: DnsblCounters
  logger: Logger
}

/** Answers each datagram with one datagram at most. @throws what bind(2) says */
export async function openUdp(options: ListenerOptions): Promise<Socket> {
  const { responder, counters } = options
  const family = isIPv6(options.address) ? 6 : 4
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // Peers are addresses already; Node's own look-up would put each reply off by a tick.
    lookup: (address, _options, callback) => callback(null, address, family),
  })
  /** Replies that the kernel had not taken when last asked. */
  let waiting = 0
  socket.on('message', (message, peer) => {
    counters.queries_udp++
    if (peer.port === 0) {
      counters.silent++
      return
    }
    const bytes = responder.answer(message, 'udp')
    if (bytes === 0) return
    if (waiting === 0) {
      socket.send(responder.replyOf(bytes), peer.port, peer.address)
      waiting = socket.getSendQueueCount()
      // Mostly the kernel took it at once. Where it did not, the socket sends it later, and nothing may be written over it.
      if (waiting > 0) responder.keepReply()
      return
    }
    waiting = socket.getSendQueueCount()
    if (waiting >= UNSENT_MAX) {
      counters.unsent++
      return
    }
    const reply = Buffer.allocUnsafe(bytes)
    responder.reply.copy(reply, 0, 0, bytes)
    socket.send(reply, peer.port, peer.address)
  })
  // Before the call: with a look-up that answers at once, `bind` is done when it returns.
  const listening = once(socket, 'listening')
  socket.bind({ address: options.address, port: options.port, exclusive: true })
  await listening
  socket.on('error', (error) => {
    counters.unsent++
    options.logger.error({ output: 'dnsbl', err: error }, 'UDP socket failed')
  })
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  return socket
}
