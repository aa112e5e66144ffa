import type { HostState } from '@tlsrep/schemas'
import type { Learned } from '../parsers/parser.ts'

/** What all parsers of a log have learned, as one: of a host that several know, the widest span and the newest loss. */
export function mergeLearned(all: readonly Learned[]): Learned {
  const [first] = all
  if (first !== undefined && all.length === 1) return first
  const hosts = new Map<string, HostState>()
  for (const host of all.flatMap((learned) => learned.hosts)) {
    const known = hosts.get(host.host)
    hosts.set(host.host, known === undefined ? host : mergeHosts(known, host))
  }
  return {
    hosts: [...hosts.values()],
    listeners: all.flatMap(({ listeners }) => listeners),
    outbound_peers: all.flatMap(({ outbound_peers }) => outbound_peers),
    queued_senders: all.flatMap(({ queued_senders }) => queued_senders),
  }
}

function mergeHosts(a: HostState, b: HostState): HostState {
  const loss = [a.loss_at, b.loss_at].filter((at) => at !== null)
  return {
    host: a.host,
    first_line_at: Math.min(a.first_line_at, b.first_line_at),
    newest_line_at: Math.max(a.newest_line_at, b.newest_line_at),
    loss_at: loss.length === 0 ? null : Math.max(...loss),
  }
}
