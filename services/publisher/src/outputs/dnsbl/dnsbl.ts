import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { listenFailure } from '@tlsrep/platform/net/listen-failure'
import type { Logger } from '../../logger.ts'
import { type ActionCounters, ActionTally } from '../action-tally.ts'
import type { ActionLimits } from '../applied-tier.ts'
import type { ListingDelta, ListingSnapshot, Output } from '../output.ts'
import type { LookupPage } from '../reply-text.ts'
import { createCounters, type DnsblCounters } from './counters.ts'
import { Responder } from './responder.ts'
import { openTcp, type TcpListener, type TcpListenerOptions } from './tcp-listener.ts'
import { openUdp } from './udp-listener.ts'

export interface DnsblOptions {
  /** Where to listen, UDP and TCP on the same port. Port 0: any that is free. */
  address: string
  port: number
  /** The main zone; `observe.` in front of it is the zone that answers everything. */
  zone: string
  limits: ActionLimits
  /** Seconds that a resolver may remember a listing; never longer than the listing lasts. Default 60. */
  ttl?: number
  /** Seconds that a resolver may remember that somebody is not listed. Default 30. */
  negativeTtl?: number
  /** Page about a listing, for the TXT record. */
  lookupPage: LookupPage
  /** TCP connections at a time. Default 256. */
  maxTcpConnections?: number
  /** Milliseconds for the next whole query on a TCP connection. Default 10 000. */
  tcpIdleTimeout?: number
  logger: Logger
  /** Milliseconds since 1970 UTC. */
  now: () => number
}

export interface Dnsbl extends Output {
  readonly port: number
  readonly counters: Readonly<DnsblCounters & ActionCounters>
}

/** Ports tried for UDP when any port will do and TCP's is taken. */
const ANY_PORT_TRIES = 8

/**
 * The built-in DNSBL (RFC 5782), answering from the snapshot last published and from an empty list before the first.
 * @throws OperatorError TLSREP_PORT_IN_USE, TLSREP_PORT_NOT_ALLOWED, TLSREP_ADDRESS_NOT_HERE, TLSREP_DNSBL_ZONE
 */
export async function createDnsbl(options: DnsblOptions): Promise<Dnsbl> {
  const counters = createCounters()
  const tally = new ActionTally(options.logger, options.now)
  const responder = new Responder({
    zone: options.zone,
    limits: options.limits,
    ttl: options.ttl ?? 60,
    negativeTtl: options.negativeTtl ?? 30,
    lookupPage: options.lookupPage,
    counters,
    tally,
    logger: options.logger,
    now: options.now,
  })
  const { tcp, udp } = await open({
    address: options.address,
    port: options.port,
    responder,
    counters,
    logger: options.logger,
    maxConnections: options.maxTcpConnections ?? 256,
    idleTimeout: options.tcpIdleTimeout ?? 10_000,
  })
  let closing: Promise<unknown> | undefined
  return {
    name: 'dnsbl',
    port: tcp.port,
    get counters() {
      return { ...counters, ...tally.counters }
    },
    async publish(snapshot: ListingSnapshot, _delta: ListingDelta): Promise<void> {
      responder.use(snapshot)
    },
    async close(): Promise<void> {
      closing ??= Promise.all([closeUdp(udp), tcp.close()])
      await closing
    },
  }
}

async function closeUdp(socket: Socket): Promise<void> {
  const closed = once(socket, 'close')
  socket.close()
  await closed
}

async function open(options: TcpListenerOptions): Promise<{ tcp: TcpListener; udp: Socket }> {
  for (let tries = 1; ; tries++) {
    const tcp = await openTcp(options).catch(async (error) => {
      throw await failure(error, 'tcp', options.address, options.port)
    })
    try {
      return { tcp, udp: await openUdp({ ...options, port: tcp.port }) }
    } catch (error) {
      await tcp.close()
      if (options.port !== 0 || tries === ANY_PORT_TRIES) throw await failure(error, 'udp', options.address, tcp.port)
    }
  }
}

function failure(error: unknown, protocol: 'tcp' | 'udp', address: string, port: number): Promise<unknown> {
  return listenFailure(error, { service: 'DNSBL', protocol, address, port, setting: 'publisher.outputs.dnsbl.listen' })
}
