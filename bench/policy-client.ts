import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../test/support/random.ts'
import { quantile } from './report.ts'

/*
 * Asks a policy service on 127.0.0.1 over many connections, one question at a time over each as Postfix does, and prints `PolicyAnswers`.
 * Questions come as mail does, independent of one another and of the answers (a Poisson process): some at once, then none. An answer's time
 * runs from the moment at which its question was due, so that neither a slow service nor a slow client hides what waited.
 *
 * `awake` it never sleeps: a timer of whole milliseconds would make bursts of its own, and what is measured would be how they are worked
 * off. It takes a processor for itself. `sleeping` leaves it to others, and is late by a millisecond or two.
 *   node bench/policy-client.ts PORT SECONDS awake|sleeping
 */

export type Pacing = 'awake' | 'sleeping'

export interface PolicyAnswers {
  /** Answers a second. */
  rate: number
  /** Questions asked, those before the measuring included. */
  asked: number
  /** Microseconds from when a question was due to its answer; of what was not answered by the end, to the end. */
  times: number[]
  /** Milliseconds by which the client itself was late in asking, p99. Part of the times. */
  late: number
}

export const PER_SECOND = 5000
const CONNECTIONS = 200
const WARM_UP_MS = 2000
const ADDRESSES = 20_000
const SEED = 0x5eed

/** Neighbours from 16.0.0.0 on, of which every second is listed. */
function request(index: number): string {
  const address = 0x10000000 + ((index * 104_729) % 2_000_000)
  const text = `${address >>> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`
  return `request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
client_address=${text}
client_name=mail${index}.sender.example
client_port=40312
reverse_client_name=mail${index}.sender.example
server_address=203.0.113.1
server_port=25
helo_name=mail${index}.sender.example
sender=a@sender.example
recipient=b@example.net
recipient_count=0
queue_id=
instance=1f4.6745a1b2.${index.toString(16)}.0
size=2410
etrn_domain=
stress=
sasl_method=
sasl_username=
sasl_sender=
ccert_subject=
ccert_issuer=
ccert_fingerprint=
ccert_pubkey_fingerprint=
encryption_protocol=TLSv1.3
encryption_cipher=TLS_AES_256_GCM_SHA384
encryption_keysize=256
policy_context=

`
}

interface Connection {
  socket: Socket
  /** When the question that waits for its answer was due; `NaN` where none waits. */
  dueAt: number
}

class Client {
  readonly #requests = Array.from({ length: ADDRESSES }, (_, index) => Buffer.from(request(index)))
  readonly #port: number
  readonly #pacing: Pacing
  /** The same numbers in every run, so that runs can be compared. */
  readonly #random = new Random(SEED)
  readonly #connections: Connection[] = []
  readonly #idle: Connection[] = []
  readonly times: number[] = []
  readonly late: number[] = []
  asked = 0
  #nextAt = Number.POSITIVE_INFINITY
  #measuredFrom = Number.POSITIVE_INFINITY

  constructor(port: number, pacing: Pacing) {
    this.#port = port
    this.#pacing = pacing
  }

  async open(): Promise<void> {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => this.#connect()))
  }

  start(): void {
    this.#nextAt = performance.now()
    this.#turn()
  }

  measure(): void {
    this.#measuredFrom = performance.now()
  }

  /** @returns milliseconds that were measured */
  stop(): number {
    const now = performance.now()
    // Those that wait for an answer, and those that wait for a connection.
    for (const { dueAt } of this.#connections) if (!Number.isNaN(dueAt)) this.#note(this.times, dueAt, now)
    for (; this.#nextAt <= now; this.#nextAt += this.#gap()) this.#note(this.times, this.#nextAt, now)
    this.#nextAt = Number.POSITIVE_INFINITY
    for (const { socket } of this.#connections) socket.destroy()
    return now - this.#measuredFrom
  }

  async #connect(): Promise<void> {
    const connection: Connection = {
      dueAt: Number.NaN,
      socket: connect({
        port: this.#port,
        host: '127.0.0.1',
        noDelay: true,
        // Into the same memory each time: what the client throws away, it stops to collect.
        onread: {
          buffer: Buffer.alloc(1024),
          callback: (bytes, buffer) => {
            if (buffer[bytes - 1] === 10) this.#answered(connection)
            return true
          },
        },
      }),
    }
    await once(connection.socket, 'connect')
    this.#connections.push(connection)
    this.#idle.push(connection)
  }

  #answered(connection: Connection): void {
    this.#note(this.times, connection.dueAt, performance.now())
    connection.dueAt = Number.NaN
    this.#idle.push(connection)
  }

  /** Asks what is due. Where all connections wait for their answers, questions wait for a connection, as mail does. */
  #turn(): void {
    for (let now = performance.now(); this.#nextAt <= now; now = performance.now()) {
      const connection = this.#idle.shift()
      const question = this.#requests[this.asked % ADDRESSES]
      if (connection === undefined || question === undefined) break
      this.asked++
      connection.dueAt = this.#nextAt
      this.#note(this.late, this.#nextAt, now)
      connection.socket.write(question)
      this.#nextAt += this.#gap()
    }
    if (this.#nextAt === Number.POSITIVE_INFINITY) return
    if (this.#pacing === 'awake') setImmediate(() => this.#turn())
    else setTimeout(() => this.#turn(), 1)
  }

  /** Milliseconds to the next question. */
  #gap(): number {
    return (-Math.log(1 - this.#random.next()) * 1000) / PER_SECOND
  }

  #note(times: number[], dueAt: number, now: number): void {
    if (dueAt >= this.#measuredFrom) times.push(Math.round((now - dueAt) * 1000))
  }
}

async function main(port: number, seconds: number, pacing: Pacing): Promise<PolicyAnswers> {
  const client = new Client(port, pacing)
  await client.open()
  client.start()
  await sleep(WARM_UP_MS)
  client.measure()
  await sleep(seconds * 1000)
  const answered = client.times.length
  const took = client.stop()
  return {
    rate: (answered * 1000) / took,
    asked: client.asked,
    times: client.times,
    late: quantile(client.late, 0.99) / 1000,
  }
}

if (import.meta.main) {
  const [port, seconds, pacing] = process.argv.slice(2)
  if (seconds === undefined || (pacing !== 'awake' && pacing !== 'sleeping'))
    throw new Error('PORT SECONDS awake|sleeping')
  console.log(JSON.stringify(await main(Number(port), Number(seconds), pacing)))
}
