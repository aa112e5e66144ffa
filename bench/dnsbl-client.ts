import { createSocket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'

/*
 * Asks a DNSBL on 127.0.0.1 as fast as it answers. Prints `start` once warm, then {"replies", "seconds"}.
 *   node bench/dnsbl-client.ts PORT SECONDS
 */

const IN_FLIGHT = 64
const ADDRESSES = 20_000
const WARM_UP_MS = 300

const [port, seconds] = process.argv.slice(2).map(Number)
if (port === undefined || seconds === undefined) throw new Error('PORT SECONDS')

/** Neighbours from 16.0.0.0 on, of which every second is listed, spread over a million listings. */
const queries = Array.from({ length: ADDRESSES }, (_, i) => {
  const address = 0x10000000 + ((i * 104_729) % 2_000_000)
  return question([address & 255, (address >> 8) & 255, (address >> 16) & 255, address >>> 24], i & 0xffff)
})

function question(octets: readonly number[], id: number): Buffer {
  const name = [...octets.map(String), 'bl', 'tlsrep', 'internal']
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const labels = name.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)])
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])])
}

// Connected, so that the client's own part is as cheap as it can be: it must not be what is measured.
const socket = createSocket('udp4')
let replies = 0
let next = 0

function ask(): void {
  const message = queries[next++ % ADDRESSES]
  if (message !== undefined) socket.send(message)
}

socket.on('message', () => {
  replies++
  ask()
})
await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve))
socket.on('error', () => {})

// Where every query in flight was lost, begin anew.
let seen = -1
const watch = setInterval(() => {
  if (replies === seen) for (let i = 0; i < IN_FLIGHT; i++) ask()
  seen = replies
}, 50)
for (let i = 0; i < IN_FLIGHT; i++) ask()
await sleep(WARM_UP_MS)
console.log('start')
const start = process.hrtime.bigint()
const before = replies
await sleep(seconds * 1000)
const counted = replies - before
const took = Number(process.hrtime.bigint() - start) / 1e9
clearInterval(watch)
socket.close()
console.log(JSON.stringify({ replies: counted, seconds: took }))
