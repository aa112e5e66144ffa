import { createServer, type Server, type Socket } from 'node:net'
import { listenFailure } from '@tlsrep/platform/net/listen-failure'
import type { Logger } from '../../logger.ts'
import { systemTimer, type Timer } from '../../timer.ts'
import { type ActionCounters, ActionTally } from '../action-tally.ts'
import type { ActionLimits } from '../applied-tier.ts'
import type { ListingDelta, ListingSnapshot, Output } from '../output.ts'
import type { LookupPage } from '../reply-text.ts'
import { refuseOpenAddress } from './listen-in-clear.ts'
import { type PolicyBounds, PolicyConnection, type PolicyCounters } from './policy-connection.ts'
import { PolicyDecision, type PolicyListener } from './policy-decision.ts'
import { listenOnPath } from './unix-socket.ts'

/** Where the service listens: a TCP address, beyond loopback only where `insecure` says so, or a socket file. */
export type PolicyEndpoint = { address: string; port: number; insecure?: boolean } | { path: string }

export interface PolicyServiceOptions {
  endpoints: readonly PolicyEndpoint[]
  listeners: readonly PolicyListener[]
  /** Cap and mode where the port belongs to no listener. */
  otherwise: ActionLimits
  lookupPage: LookupPage
  logger: Logger
  now: () => number
  after?: Timer
  bounds?: Partial<PolicyBounds>
  maxConnections?: number
}

const BOUNDS: PolicyBounds = { requestBytes: 32 * 1024, outputBytes: 256 * 1024, idle: 600_000, stall: 10_000 }
const MAX_CONNECTIONS = 10_000
/** How often connections are looked over for time-outs. */
const SWEEP_MS = 1000
/** At most one line about malformed requests in this time. */
const MALFORMED_LOG_MS = 60_000

/**
 * Postfix's access policy delegation protocol (SMTPD_POLICY_README): answers for each session what to do with it. Fails open: until it is
 * given a list, and whenever it does not understand, it says DUNNO.
 */
export class PolicyService implements Output {
  readonly name = 'policy-service'
  readonly #counters: PolicyCounters = {
    requests: 0,
    malformed_requests: 0,
    connections_opened: 0,
    connections_refused: 0,
    connections_timed_out: 0,
    slow_clients: 0,
  }
  readonly #options: PolicyServiceOptions
  readonly #bounds: PolicyBounds
  readonly #tally: ActionTally
  readonly #decision: PolicyDecision
  readonly #connections = new Set<PolicyConnection>()
  readonly #servers: Server[] = []
  #malformedLoggedAt = Number.NEGATIVE_INFINITY
  #cancelSweep: (() => void) | undefined
  #closed = false

  constructor(options: PolicyServiceOptions) {
    const { logger, now, listeners, otherwise, lookupPage } = options
    this.#options = options
    this.#bounds = { ...BOUNDS, ...options.bounds }
    this.#tally = new ActionTally(logger, now)
    this.#decision = new PolicyDecision({ listeners, otherwise, lookupPage, tally: this.#tally, now })
  }

  get counters(): Readonly<PolicyCounters & ActionCounters & { connections: number }> {
    return { ...this.#counters, ...this.#tally.counters, connections: this.#connections.size }
  }

  /** TCP ports that are listened on, in the order of the endpoints. */
  get ports(): readonly number[] {
    return this.#servers.flatMap((server) => {
      const address = server.address()
      return address !== null && typeof address === 'object' ? [address.port] : []
    })
  }

  /** @throws OperatorError where an address or a socket file cannot be had */
  async listen(): Promise<void> {
    for (const endpoint of this.#options.endpoints) {
      const server = createServer((socket) => this.#accept(socket))
      server.maxConnections = this.#options.maxConnections ?? MAX_CONNECTIONS
      server.on('drop', () => {
        this.#counters.connections_refused++
      })
      this.#servers.push(server)
      await ('path' in endpoint ? listenOnPath(server, endpoint.path) : listenOnPort(server, endpoint))
      server.on('error', (error) =>
        this.#options.logger.error({ err: error }, 'the policy service cannot take a connection'),
      )
    }
  }

  async publish(snapshot: ListingSnapshot, _delta: ListingDelta): Promise<void> {
    this.#decision.use(snapshot)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelSweep?.()
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    for (const connection of this.#connections) connection.close()
    await Promise.all(closed)
  }

  #accept(socket: Socket): void {
    this.#counters.connections_opened++
    socket.setNoDelay(true)
    const connection = new PolicyConnection({
      socket,
      decision: this.#decision,
      bounds: this.#bounds,
      counters: this.#counters,
      malformed: () => this.#malformed(),
      now: this.#options.now,
    })
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
    this.#sweepLater()
  }

  #sweepLater(): void {
    if (this.#closed || this.#cancelSweep !== undefined || this.#connections.size === 0) return
    this.#cancelSweep = (this.#options.after ?? systemTimer)(SWEEP_MS, () => {
      this.#cancelSweep = undefined
      const now = this.#options.now()
      for (const connection of this.#connections) connection.expire(now)
      this.#sweepLater()
    })
  }

  #malformed(): void {
    const now = this.#options.now()
    if (now - this.#malformedLoggedAt < MALFORMED_LOG_MS) return
    this.#malformedLoggedAt = now
    const facts = { malformed_requests: this.#counters.malformed_requests }
    this.#options.logger.warn(facts, 'a client of the policy service sent no policy request; answered DUNNO and closed')
  }
}

/** A policy service that listens. */
export async function startPolicyService(options: PolicyServiceOptions): Promise<PolicyService> {
  const service = new PolicyService(options)
  try {
    await service.listen()
  } catch (error) {
    await service.close()
    throw error
  }
  return service
}

async function listenOnPort(server: Server, endpoint: Extract<PolicyEndpoint, { port: number }>): Promise<void> {
  refuseOpenAddress(endpoint)
  const { address, port } = endpoint
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address, port, backlog: 1024 }, () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const attempt = {
      service: 'policy service',
      protocol: 'tcp',
      address,
      port,
      setting: 'publisher.outputs.policy_service.listen',
    } as const
    throw await listenFailure(error, attempt)
  }
}
