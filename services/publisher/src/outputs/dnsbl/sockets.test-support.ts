import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket as TcpSocket } from 'node:net'
import { parseSender } from '@tlsrep/core/sender/sender-key'
import { afterEach } from 'vitest'
import { ListingTable } from '../../list/listing-table.ts'
import type { ListingSnapshot, PublishedListing } from '../output.ts'
import { listing, NOW, snapshotOf, ZONE } from './dnsbl.test-support.ts'
import { createDnsbl, type Dnsbl, type DnsblOptions } from './dnsbl.ts'

/** Closed after each test, the last opened first. */
const open: { close(): unknown }[] = []

export function closeAfterTest(one: { close(): unknown }): void {
  open.push(one)
}

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

export async function start(listings: readonly PublishedListing[], more: Partial<DnsblOptions> = {}): Promise<Dnsbl> {
  const dnsbl = await createDnsbl({
    address: '127.0.0.1',
    port: 0,
    zone: ZONE,
    limits: { cap: 'reject', mode: 'reject' },
    lookupPage: null,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    now: () => NOW,
    ...more,
  })
  open.push(dnsbl)
  await publish(dnsbl, listings, 7n)
  return dnsbl
}

export function publish(dnsbl: Dnsbl, listings: readonly PublishedListing[], sequence: bigint): Promise<void> {
  const snapshot: ListingSnapshot = {
    ...snapshotOf(listings, sequence),
    takenAt: NOW,
    contentHash: '0000000000000000',
    listings: tableOf(listings),
    exemptions: new Map(),
    exempts: () => false,
  }
  return dnsbl.publish(snapshot, { added: listings, changed: [], removed: [] })
}

function tableOf(listings: readonly PublishedListing[]): ListingTable {
  const table = new ListingTable()
  for (const listing of listings) {
    const key = parseSender(listing.sender)
    if (key !== undefined) table.set(key, listing)
  }
  return table
}

export async function udpClient(family: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const socket = createSocket(family)
  open.push({ close: () => socket.close() })
  socket.bind(0)
  await once(socket, 'listening')
  return socket
}

export async function askUdp(dnsbl: Dnsbl, message: Uint8Array, address = '127.0.0.1'): Promise<Buffer> {
  const socket = await udpClient(address.includes(':') ? 'udp6' : 'udp4')
  socket.send(message, dnsbl.port, address)
  const [reply] = (await once(socket, 'message')) as [Buffer]
  return reply
}

export function tcpClient(dnsbl: Dnsbl): TcpSocket {
  const socket = connect({ port: dnsbl.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  open.push({ close: () => socket.destroy() })
  return socket
}

export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}

/** Everything that the server sends until it closes. */
export async function untilClosed(socket: TcpSocket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.closed) await Promise.race([once(socket, 'end'), once(socket, 'close')])
  return Buffer.concat(chunks)
}

export function frames(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at))
    found.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)))
  return found
}

export const LISTED = listing('192.0.2.0/24', 'tag')
