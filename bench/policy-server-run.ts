import { once } from 'node:events'
import { createServer } from 'node:net'
import { parseSender } from '@tlsrep/core/sender/sender-key'
import type { PublishedListing } from '@tlsrep/publisher/outputs/output'
import { ListingTable } from '../services/publisher/src/list/listing-table.ts'
import { startPolicyService } from '../services/publisher/src/outputs/policy-service/policy-service.ts'

/*
 * Run by the bench: a policy service with so many listings, or a server that answers DUNNO to whatever it gets. Sends its port to the
 * parent process, and ends with it.
 *   LISTINGS | echo
 */

async function startService(count: number): Promise<number> {
  const listings = new ListingTable()
  for (let i = 0; i < count; i++) {
    const address = 0x10000000 + i * 2
    const sender = `${address >>> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}/32`
    const key = parseSender(sender)
    if (key === undefined) throw new Error(`${sender} is no sender`)
    const expires_at = Number.POSITIVE_INFINITY
    listings.set(key, { sender, tier: 'reject', reasons: ['plaintext'], listed_at: 0, expires_at })
  }
  const service = await startPolicyService({
    endpoints: [{ address: '127.0.0.1', port: 0 }],
    listeners: [],
    otherwise: { cap: 'reject', mode: 'reject' },
    lookupPage: null,
    logger: { info: () => {}, warn: () => {}, error: console.error },
    now: Date.now,
  })
  const match = (address: Uint8Array, now: number): PublishedListing | undefined => listings.longest(address, now)
  const rest = { takenAt: 0, contentHash: '', exemptions: new Map(), exempts: () => false }
  await service.publish({ sequence: 1n, listings, match, ...rest }, { added: [], changed: [], removed: [] })
  return service.ports[0] ?? 0
}

async function startEcho(): Promise<number> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('data', () => socket.write('action=DUNNO\n\n'))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

const what = process.argv[2]
process.send?.(what === 'echo' ? await startEcho() : await startService(Number(what)))
process.on('disconnect', () => process.exit(0))
