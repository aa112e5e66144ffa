import type { Socket } from 'node:net'
import { type ConnectionMemory, DUNNO, type PolicyDecision } from './policy-decision.ts'
import { PolicyRequestReader } from './policy-request.ts'

export interface PolicyCounters {
  requests: number
  malformed_requests: number
  connections_opened: number
  connections_refused: number
  connections_timed_out: number
  slow_clients: number
}

export interface PolicyBounds {
  /** Longest request in bytes. Postfix sends 1 to 2 KB. */
  requestBytes: number
  /** Replies that may wait for a client that does not read, in bytes. */
  outputBytes: number
  /** Time (ms) that a connection may stay quiet. Longer than Postfix keeps one (smtpd_policy_service_max_idle, 300 s). */
  idle: number
  /** Time (ms) for the rest of a request, or for a client to take its replies. */
  stall: number
}

export interface ConnectionOptions {
  socket: Socket
  decision: PolicyDecision
  bounds: PolicyBounds
  counters: PolicyCounters
  malformed: () => void
  now: () => number
}

/** One for all connections: what it read is used up without a pause. */
const READER = new PolicyRequestReader()
const NOTHING = Buffer.alloc(0)

/**
 * One client. What cannot be understood is answered with DUNNO, so that Postfix goes on as if we were not there, and the connection ends;
 * a client that stops in the middle, or does not read, loses its connection.
 */
export class PolicyConnection {
  readonly #options: ConnectionOptions
  readonly #memory: ConnectionMemory = { counted: '', tagged: '' }
  /** The beginning of a request whose end has not come. */
  #pending: Buffer = NOTHING
  #pendingSince = 0
  /** When the client stopped reading; 0 while it reads. */
  #fullSince = 0
  #activeAt: number

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#activeAt = options.now()
    const { socket } = options
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('drain', () => {
      this.#fullSince = 0
      socket.resume()
    })
    // The connection is gone; there is nobody to tell.
    socket.on('error', () => {})
  }

  /** Ends the connection when it has been quiet, unfinished or unread for too long. */
  expire(now: number): void {
    const { bounds, counters, socket } = this.#options
    if (this.#fullSince > 0 && now - this.#fullSince > bounds.stall) {
      counters.slow_clients++
      socket.destroy()
    } else if (
      now - this.#activeAt > bounds.idle ||
      (this.#pending.length > 0 && now - this.#pendingSince > bounds.stall)
    ) {
      counters.connections_timed_out++
      socket.destroy()
    }
  }

  close(): void {
    this.#options.socket.destroy()
  }

  #take(chunk: Buffer): void {
    const { counters, decision, bounds, now } = this.#options
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#activeAt = now()
    let replies = ''
    let at = 0
    while (at < bytes.length) {
      const result = READER.read(bytes, at)
      if (result === 'unfinished') break
      if (result === 'malformed' || READER.end - at > bounds.requestBytes) {
        this.#giveUp(replies)
        return
      }
      counters.requests++
      replies += decision.decide(READER.request, this.#memory)
      at = READER.end
    }
    if (bytes.length - at > bounds.requestBytes) {
      this.#giveUp(replies)
      return
    }
    if (at > 0 || this.#pending.length === 0) this.#pendingSince = this.#activeAt
    // A copy, so that the beginning of a request does not keep the whole chunk in memory.
    this.#pending = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at))
    if (replies !== '') this.#reply(replies)
  }

  #reply(replies: string): void {
    const { socket, bounds, counters, now } = this.#options
    if (socket.write(replies, 'latin1')) return
    if (socket.writableLength > bounds.outputBytes) {
      counters.slow_clients++
      socket.destroy()
      return
    }
    this.#fullSince = now()
    socket.pause()
  }

  /** Whatever else it sends is thrown away, so that the answer is not lost to a reset; it has the stall time to go. */
  #giveUp(replies: string): void {
    const { counters, malformed, socket, now } = this.#options
    counters.malformed_requests++
    malformed()
    this.#pending = NOTHING
    this.#fullSince = now()
    socket.removeAllListeners('data')
    socket.removeAllListeners('drain')
    socket.resume()
    socket.end(replies + DUNNO, 'latin1')
  }
}
