import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseSender } from '@tlsrep/core/sender/sender-key'
import { EffectiveList } from '../../list/effective-list.ts'
import { START } from '../../publisher.test-support.ts'
import type { ListingSnapshot, PublishedListing } from '../output.ts'

/** A request as Postfix 3.10 sends it. */
export function policyRequest(attributes: Record<string, string> = {}): string {
  const all: Record<string, string> = {
    request: 'smtpd_access_policy',
    protocol_state: 'RCPT',
    protocol_name: 'ESMTP',
    client_address: '192.0.2.10',
    client_name: 'unknown',
    client_port: '40312',
    reverse_client_name: 'unknown',
    server_address: '203.0.113.1',
    server_port: '25',
    helo_name: 'client.example',
    sender: 'a@example.org',
    recipient: 'b@example.net',
    recipient_count: '0',
    queue_id: '',
    instance: '1f4.6745a1b2.3c.0',
    size: '0',
    etrn_domain: '',
    stress: '',
    sasl_method: '',
    sasl_username: '',
    sasl_sender: '',
    ccert_subject: '',
    encryption_protocol: '',
    encryption_cipher: '',
    encryption_keysize: '0',
    policy_context: '',
    ...attributes,
  }
  return `${Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}\n`
}

export function listing(sender: string, more: Partial<PublishedListing> = {}): PublishedListing {
  return { sender, tier: 'reject', reasons: ['plaintext'], listed_at: START, expires_at: START + 3_600_000, ...more }
}

/** A snapshot of these listings, matched by the list itself. */
export function snapshotOf(listings: readonly PublishedListing[]): ListingSnapshot {
  const list = new EffectiveList([], () => {})
  for (const one of listings) {
    const key = parseSender(one.sender)
    if (key !== undefined) list.setScored(key, { ...one, version: 1 }, START)
  }
  return {
    sequence: 1n,
    takenAt: START,
    contentHash: list.contentHash,
    listings: list.listings,
    exemptions: list.exemptions,
    match: (address, now) => list.match(address, now),
    exempts: () => false,
  }
}

/** A client that reads replies one after the other. */
export class PolicyClient {
  readonly socket: Socket
  closed = false
  #text = ''
  #wake: () => void = () => {}

  constructor(to: { port: number } | { path: string }) {
    this.socket = 'path' in to ? connect(to.path) : connect(to.port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text: string) => {
      this.#text += text
      this.#wake()
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  write(text: string | Buffer): void {
    this.socket.write(text)
  }

  async ask(attributes: Record<string, string> = {}): Promise<string> {
    this.write(policyRequest(attributes))
    return this.reply()
  }

  /** The next reply, without its name and its empty line; `closed` where none came. */
  async reply(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const reply = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return reply.startsWith('action=') ? reply.slice(7) : `no action: ${reply}`
      }
      if (this.closed) return 'closed'
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async ended(): Promise<void> {
    if (!this.closed) await once(this.socket, 'close')
  }
}
