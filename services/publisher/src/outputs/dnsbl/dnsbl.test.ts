import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import dnsPacket from 'dns-packet'
import { beforeAll, describe, expect, test } from 'vitest'
import { mustSucceed } from '../../../../../test/support/mail-host/command.ts'
import { dig, digUnavailable } from '../../../../../test/support/mail-host/dig.ts'
import { codes, LONG_PAGE, LONG_ZONE, listing, query, reversed, texts, ZONE } from './dnsbl.test-support.ts'
import type { Dnsbl } from './dnsbl.ts'
import {
  askUdp,
  closeAfterTest,
  framed,
  frames,
  LISTED,
  publish,
  start,
  tcpClient,
  udpClient,
  untilClosed,
} from './sockets.test-support.ts'

describe('over UDP', () => {
  test('a query is answered from the list last published', async () => {
    const dnsbl = await start([LISTED])
    const ask = async (): Promise<string[]> =>
      codes(dnsPacket.decode(await askUdp(dnsbl, query(reversed('192.0.2.9')))))
    expect(await ask()).toEqual(['127.0.0.4'])
    await publish(dnsbl, [listing('192.0.2.9/32', 'reject')], 8n)
    expect(await ask()).toEqual(['127.0.0.6'])
    await publish(dnsbl, [], 9n)
    expect(await ask()).toEqual([])
    expect(dnsbl.counters).toMatchObject({ queries_udp: 3, listed: 2, not_listed: 1, tagged: 1, rejected: 1 })
  })

  test('and on an IPv6 address', async () => {
    const dnsbl = await start([LISTED], { address: '::1' })
    expect(codes(dnsPacket.decode(await askUdp(dnsbl, query(reversed('192.0.2.9')), '::1')))).toEqual(['127.0.0.4'])
  })

  test('many at once are each answered once, with their own answer', async () => {
    const dnsbl = await start([LISTED])
    const socket = await udpClient()
    const got = new Map<number, number>()
    socket.on('message', (reply) => {
      const id = reply.readUInt16BE(0)
      expect(reply.readUInt16BE(6)).toBe(id % 2)
      got.set(id, (got.get(id) ?? 0) + 1)
    })
    const wanted = 100
    for (let id = 0; id < wanted; id++) {
      const message = query(reversed(id % 2 === 1 ? `192.0.2.${id}` : `192.0.3.${id}`))
      message.writeUInt16BE(id, 0)
      socket.send(message, dnsbl.port, '127.0.0.1')
    }
    while (got.size < wanted) await once(socket, 'message')
    await askUdp(dnsbl, query(ZONE, 'SOA'))
    expect([...got.values()].every((count) => count === 1)).toBe(true)
  })

  test('garbage does not keep the next query from its answer', async () => {
    const dnsbl = await start([LISTED])
    const socket = await udpClient()
    for (const garbage of [
      Buffer.alloc(0),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(1400, 0xff),
      Buffer.alloc(1400, 0),
    ]) {
      socket.send(garbage, dnsbl.port, '127.0.0.1')
    }
    expect(codes(dnsPacket.decode(await askUdp(dnsbl, query(reversed('192.0.2.9')))))).toEqual(['127.0.0.4'])
  })

  test('what was too large comes whole over TCP from the same port', async () => {
    const dnsbl = await start([listing('2001:db8::/32', 'tag')], { lookupPage: LONG_PAGE, zone: LONG_ZONE })
    const message = query(reversed('2001:db8::1', LONG_ZONE), 'TXT')
    expect(dnsPacket.decode(await askUdp(dnsbl, message)).flag_tc).toBe(true)
    const socket = tcpClient(dnsbl)
    socket.end(framed(message))
    const [reply = Buffer.alloc(0)] = frames(await untilClosed(socket))
    expect(texts(dnsPacket.decode(reply))[0]).toMatch(/x\?ip=2001%3Adb8%3A%3A1$/)
  })
})

describe('opening and closing', () => {
  test('closing ends open connections and frees the port', async () => {
    const dnsbl = await start([LISTED])
    const socket = tcpClient(dnsbl)
    await once(socket, 'connect')
    while (dnsbl.counters.tcp_connections === 0) await sleep(5)
    await dnsbl.close()
    await untilClosed(socket)
    await start([], { port: dnsbl.port })
  })

  test('a port in use, over TCP or UDP, names the process that holds it', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    closeAfterTest({ close: () => server.close() })
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await expect(start([], { port })).rejects.toMatchObject({
      code: 'TLSREP_PORT_IN_USE',
      where: `127.0.0.1:${port}/tcp`,
      message: expect.stringContaining('this process itself holds the port'),
    })
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    closeAfterTest({ close: () => socket.close() })
    await once(socket, 'listening')
    const failure = await start([], { port: socket.address().port }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OperatorError)
    // Somebody else may hold the same port of TCP.
    const where = expect.stringMatching(new RegExp(`^127.0.0.1:${socket.address().port}/(udp|tcp)$`))
    expect(failure).toMatchObject({ code: 'TLSREP_PORT_IN_USE', where })
  })

  test('an address of another machine is named', async () => {
    await expect(start([], { address: '192.0.2.1', port: 5354 })).rejects.toMatchObject({
      code: 'TLSREP_ADDRESS_NOT_HERE',
    })
  })

  test.each(['', 'a..b', 'bl.exämple', 'bl .example', `${'a'.repeat(64)}.example`, `${'a.'.repeat(100)}example`])(
    'a zone name that cannot be one is refused: "%s"',
    async (zone) => {
      await expect(start([], { zone })).rejects.toMatchObject({ code: 'TLSREP_DNSBL_ZONE' })
    },
  )
})

const unavailable = digUnavailable()
const title = 'asked by dig'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  // It may have to be installed first.
  beforeAll(async () => void mustSucceed(await dig('-v')), 300_000)

  const ask = async (dnsbl: Dnsbl, ...args: string[]): Promise<string> =>
    mustSucceed(await dig('@127.0.0.1', '-p', String(dnsbl.port), '+tries=1', ...args))

  test('A, TXT, SOA, negative answers, +tcp, +dnssec, and no warning of a malformed packet', async () => {
    const dnsbl = await start([listing('2001:db8::/32', 'tag')], { lookupPage: LONG_PAGE, zone: LONG_ZONE })
    const name = reversed('2001:db8::1', LONG_ZONE)
    const answers = await Promise.all([
      ask(dnsbl, name, 'A'),
      ask(dnsbl, name, 'TXT', '+noedns'),
      ask(dnsbl, LONG_ZONE, 'SOA', '+tcp', '+dnssec'),
      ask(dnsbl, reversed('2001:db9::1', LONG_ZONE), 'ANY', '+cookie'),
      ask(dnsbl, name, 'A', '+edns=1', '+noednsnegotiation'),
      ask(dnsbl, name, 'A', '+opcode=6'),
    ])
    const [a = '', txt = '', soa = '', none = '', badVersion = '', opcode = ''] = answers
    expect(a).toMatch(/status: NOERROR.*flags: qr aa rd;.*127\.0\.0\.4/s)
    expect(txt).toMatch(/Truncated, retrying in TCP mode.*TXT\s+"tag until .*" "x*\?ip=2001%3Adb8%3A%3A1"/s)
    expect(soa).toMatch(/EDNS: version: 0, flags: do; udp: 1232.*SOA\s+localhost\. hostmaster\.a+\.b+\.c+\. 7 3600/s)
    expect(none).toMatch(/status: NXDOMAIN.*AUTHORITY: 1/s)
    expect(badVersion).toMatch(/status: BADVERS/)
    expect(opcode).toMatch(/status: NOTIMP/)
    for (const answer of [a, txt, soa, none]) expect(answer).not.toMatch(/malformed|FORMERR|WARNING: .*(extra|short)/i)
  })
})
