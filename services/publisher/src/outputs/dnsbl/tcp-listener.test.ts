import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import dnsPacket from 'dns-packet'
import { describe, expect, test } from 'vitest'
import { codes, query, reversed, ZONE } from './dnsbl.test-support.ts'
import {
  askUdp,
  closeAfterTest,
  framed,
  frames,
  LISTED,
  start,
  tcpClient,
  untilClosed,
} from './sockets.test-support.ts'

describe('over TCP', () => {
  test('pipelined queries, cut anywhere, are answered in order', async () => {
    const dnsbl = await start([LISTED])
    const socket = tcpClient(dnsbl)
    const replies = untilClosed(socket)
    const ids = Array.from({ length: 40 }, (_, i) => i)
    const stream = Buffer.concat(
      ids.map((id) => {
        const message = query(reversed(`192.0.2.${id}`))
        message.writeUInt16BE(id, 0)
        return framed(message)
      }),
    )
    for (let at = 0; at < stream.length; at += 37) {
      socket.write(stream.subarray(at, at + 37))
      if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    socket.end()
    const answered = frames(await replies).map((frame) => dnsPacket.decode(frame))
    expect(answered.map((packet) => packet.id)).toEqual(ids)
    expect(answered.flatMap(codes)).toEqual(ids.map(() => '127.0.0.4'))
  })

  test.each([
    ['a frame too short for a header', framed(Buffer.alloc(11))],
    ['an empty frame', Buffer.from([0, 0])],
    ['a frame longer than any query', Buffer.from([0x10, 0x01, 0, 0])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an answer instead of a query', framed(Buffer.from([1, 2, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0]))],
  ])('%s closes the connection, and what came before is not held back', async (_, garbage) => {
    const dnsbl = await start([LISTED])
    const socket = tcpClient(dnsbl)
    const replies = untilClosed(socket)
    socket.write(framed(query(reversed('192.0.2.9'))))
    await once(socket, 'data')
    socket.write(garbage)
    expect(frames(await replies).length).toBe(1)
    expect(dnsbl.counters.tcp_garbage).toBe(1)
  })

  test('a malformed query in a whole frame is FORMERR, and the connection goes on', async () => {
    const dnsbl = await start([LISTED])
    const socket = tcpClient(dnsbl)
    socket.end(Buffer.concat([framed(query(ZONE).subarray(0, 20)), framed(query(reversed('192.0.2.9')))]))
    const [first, second] = frames(await untilClosed(socket))
    expect(first?.readUInt16BE(2)).toBe(0x8101)
    expect(second && codes(dnsPacket.decode(second))).toEqual(['127.0.0.4'])
  })

  test('half a frame is waited for, and no longer than the time-out, however slowly bytes come', async () => {
    const dnsbl = await start([LISTED], { tcpIdleTimeout: 150 })
    const socket = tcpClient(dnsbl)
    const closed = untilClosed(socket)
    const frame = framed(query(reversed('192.0.2.9')))
    let at = 0
    const drip = setInterval(() => socket.write(frame.subarray(at, ++at)), 40)
    closeAfterTest({ close: () => clearInterval(drip) })
    expect((await closed).length).toBe(0)
    expect(at).toBeLessThan(frame.length)
    expect(dnsbl.counters.tcp_timed_out).toBe(1)
  })

  test('a client that never reads is read no further, then closed, while others are answered', async () => {
    const dnsbl = await start([LISTED], { tcpIdleTimeout: 300 })
    const socket = tcpClient(dnsbl)
    socket.pause()
    const flood = Buffer.concat(Array.from({ length: 500 }, () => framed(query(reversed('192.0.2.9'), 'TXT'))))
    const timer = setInterval(() => {
      if (socket.writableLength < 1_000_000) socket.write(flood)
    }, 1)
    closeAfterTest({ close: () => clearInterval(timer) })
    while (dnsbl.counters.tcp_timed_out === 0) await sleep(20)
    expect(codes(dnsPacket.decode(await askUdp(dnsbl, query(reversed('192.0.2.9')))))).toEqual(['127.0.0.4'])
  })

  test('connections beyond the bound are closed at once, those within it still answered', async () => {
    const dnsbl = await start([LISTED], { maxTcpConnections: 2 })
    const held = [tcpClient(dnsbl), tcpClient(dnsbl)]
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    while (dnsbl.counters.tcp_connections < 2) await sleep(5)
    await untilClosed(tcpClient(dnsbl))
    expect(dnsbl.counters.tcp_refused).toBe(1)
    for (const socket of held) {
      socket.write(framed(query(reversed('192.0.2.9'))))
      await once(socket, 'data')
    }
  })
})
