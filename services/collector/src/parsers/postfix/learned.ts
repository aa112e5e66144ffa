import type { HostState as HostRecord, ListenerState, ListenerTrait, OutboundPeer, QueuedSender } from '@tlsrep/schemas'
import type { Learned } from '../parser.ts'
import type { HostState, Instance, Service } from './host.ts'

/** Outbound peers, and senders of queued mail, that a checkpoint keeps; it is written several times a second. */
const [PEERS_KEPT, SENDERS_KEPT] = [1000, 1000]

type ShownLately = (instance: Instance, count: number) => readonly [ip: string, at: number][]

/** What the lines so far have taught, as a checkpoint keeps it. */
export function learnedOf(hosts: Iterable<HostState>, shownLately: ShownLately): Learned {
  const known: HostRecord[] = []
  const listeners: ListenerState[] = []
  const peers: OutboundPeer[] = []
  const senders: QueuedSender[] = []
  for (const host of hosts) {
    known.push({
      host: host.name,
      first_line_at: host.firstAt,
      newest_line_at: host.clock,
      loss_at: finite(host.lossAt),
    })
    for (const service of host.services.values()) {
      const listener = listenerState(host, service)
      if (listener !== null) listeners.push(listener)
      if (service.role === 'smtp') addPeers(peers, service, shownLately)
      if (service.role === 'qmgr') addSenders(senders, service)
    }
  }
  return { hosts: known, listeners, outbound_peers: peers, queued_senders: senders }
}

/** Services that have shown nothing are not worth a place. */
function listenerState(host: HostState, service: Service): ListenerState | null {
  const { listener } = service
  const traits: ListenerTrait[] = []
  if (service.summariesSeen) traits.push('logs_tls')
  if (service.countersSeen) traits.push('logs_counters')
  if (service.tlsFeatureSeen) traits.push('logs_policy')
  if (service.starttlsSeen) traits.push('starttls')
  if (service.implicitSeen) traits.push('implicit_tls')
  if (listener.acceptedClear) traits.push('accepts_clear')
  const shownAt = finite(listener.shownAt)
  if (traits.length === 0 && shownAt === null) return null
  return { host: host.name, service: service.program, starttls_shown_at: shownAt, traits }
}

/** smtp and lmtp of one instance know the same peers: the first of them speaks for both. */
function addPeers(into: OutboundPeer[], service: Service, shownLately: ShownLately): void {
  const host = service.instance.host.name
  for (const [address, at] of shownLately(service.instance, PEERS_KEPT - into.length))
    into.push({ host, service: service.program, address, starttls_shown_at: at })
}

function addSenders(into: QueuedSender[], { program, instance }: Service): void {
  for (const [queue_id, sender_domain] of instance.senders.newest(SENDERS_KEPT - into.length))
    into.push({ host: instance.host.name, service: program, queue_id, sender_domain })
}

function finite(at: number): number | null {
  return Number.isFinite(at) ? at : null
}

/** The parser's own ways to find or make what a checkpoint names. */
export interface Restoring {
  host(name: string, at: number): HostState
  service(host: HostState, program: string): Service
  shown(instance: Instance, ip: string, at: number): void
}

/** Puts back what `learnedOf` took; what it says wins. */
export function restoreHosts(learned: Learned, into: Restoring): void {
  for (const state of learned.hosts) {
    const host = into.host(state.host, state.newest_line_at)
    host.firstAt = state.first_line_at
    host.lossAt = state.loss_at ?? Number.NEGATIVE_INFINITY
  }
  for (const state of learned.listeners) restoreListener(state, into)
  for (const { host, service, address, starttls_shown_at } of learned.outbound_peers)
    into.shown(into.service(into.host(host, starttls_shown_at), service).instance, address, starttls_shown_at)
  for (const { host, service, queue_id, sender_domain } of learned.queued_senders)
    into.service(into.host(host, 0), service).instance.senders.set(queue_id, sender_domain)
}

function restoreListener(state: ListenerState, into: Restoring): void {
  const service = into.service(into.host(state.host, state.starttls_shown_at ?? 0), state.service)
  const { traits } = state
  service.summariesSeen = traits.includes('logs_tls')
  service.countersSeen = traits.includes('logs_counters')
  service.tlsFeatureSeen = traits.includes('logs_policy')
  service.starttlsSeen = traits.includes('starttls')
  service.implicitSeen = traits.includes('implicit_tls')
  // Several services may share a listener: what any of them has shown holds.
  if (traits.includes('accepts_clear')) service.listener.acceptedClear = true
  if (state.starttls_shown_at !== null) service.listener.show(state.starttls_shown_at)
}
