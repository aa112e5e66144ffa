import { type Instance, SHOWN_FOR_MS } from './host.ts'
import { RecentMap } from './recent-map.ts'
import type { Failure } from './smtpd-session.ts'

const PROXY_DOWN_FOR_MS = 3_600_000
const PROXY_FAILURE_FOR_MS = 60_000
const PEERS_MAX = 100_000

interface KnownPeers {
  /** Log time at which a peer last showed STARTTLS, by address. */
  shownAt: RecentMap<string, number>
  /** Handshakes that tlsproxy saw fail, by `[ip]:port`, not yet claimed by a connection. */
  failures: RecentMap<string, { failure: Failure; at: number }>
  proxyDownAt: number
}

/** What one Postfix instance has learned of the servers that it delivers to; bounded, the longest known forgotten first. */
export class Peers {
  readonly #known = new Map<Instance, KnownPeers>()

  shown(instance: Instance, ip: string, at: number): void {
    this.#of(instance).shownAt.set(ip, at)
  }

  hadShown(instance: Instance, ip: string, at: number): boolean {
    const shownAt = this.#of(instance).shownAt.get(ip)
    return shownAt !== undefined && at - shownAt <= SHOWN_FOR_MS
  }

  proxyDownAt(instance: Instance, at: number): void {
    this.#of(instance).proxyDownAt = at
  }

  proxyIsDown(instance: Instance, at: number): boolean {
    return at - this.#of(instance).proxyDownAt <= PROXY_DOWN_FOR_MS
  }

  failedInProxy(instance: Instance, ip: string, port: number, failure: Failure, at: number): void {
    this.#of(instance).failures.set(peerKey(ip, port), { failure, at })
  }

  takeFailure(instance: Instance, ip: string, port: number, at: number): Failure | undefined {
    const { failures } = this.#of(instance)
    if (failures.isEmpty) return undefined
    const peer = peerKey(ip, port)
    const found = failures.get(peer)
    if (found === undefined) return undefined
    failures.delete(peer)
    return Math.abs(at - found.at) <= PROXY_FAILURE_FOR_MS ? found.failure : undefined
  }

  forget(instance: Instance): void {
    this.#known.delete(instance)
  }

  /** Who showed STARTTLS last, the newest last. */
  shownLately(instance: Instance, count: number): [ip: string, at: number][] {
    return this.#known.get(instance)?.shownAt.newest(count) ?? []
  }

  #of(instance: Instance): KnownPeers {
    let known = this.#known.get(instance)
    if (known === undefined) {
      known = {
        shownAt: new RecentMap(PEERS_MAX),
        failures: new RecentMap(PEERS_MAX),
        proxyDownAt: Number.NEGATIVE_INFINITY,
      }
      this.#known.set(instance, known)
    }
    return known
  }
}

function peerKey(ip: string, port: number): string {
  return `[${ip}]:${port}`
}
