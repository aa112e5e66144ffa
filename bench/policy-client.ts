import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from './report.ts'

/*
 * Asks a policy service on 127.0.0.1 at a steady rate over many connections, one question at a time over each as Postfix does, and prints
 * `PolicyAnswers`.
 *   node bench/policy-client.ts PORT SECONDS
 */

export interface PolicyAnswers {
  /** Answers a second. */
  rate: number
  wanted: number
  connections: number
  /** Milliseconds from the writing of a question to its answer. */
  p50: number
  p99: number
  p999: number
}

const PER_SECOND = 5000
const CONNECTIONS = 200
const WARM_UP_MS = 2000
const ADDRESSES = 20_000

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
  askedAt: number
}

async function main(port: number, seconds: number): Promise<PolicyAnswers> {
  const requests = Array.from({ length: ADDRESSES }, (_, index) => Buffer.from(request(index)))
  const times: number[] = []
  const idle: Connection[] = []
  let measuring = false
  const open = async (): Promise<Connection> => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.setNoDelay(true)
    const connection = { socket, askedAt: 0 }
    socket.on('data', (answer) => {
      if (answer.at(-1) !== 10) return
      if (measuring) times.push(performance.now() - connection.askedAt)
      idle.push(connection)
    })
    idle.push(connection)
    return connection
  }
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, open))
  let asked = 0
  let from = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - from) * PER_SECOND) / 1000)
    // Where all connections wait for their answers, questions wait for a connection, as mail does.
    while (asked < due) {
      const connection = idle.shift()
      const question = requests[asked % ADDRESSES]
      if (connection === undefined || question === undefined) return
      asked++
      connection.askedAt = performance.now()
      connection.socket.write(question)
    }
  }, 1)
  await sleep(WARM_UP_MS)
  measuring = true
  const start = performance.now()
  asked = 0
  from = start
  await sleep(seconds * 1000)
  measuring = false
  const took = (performance.now() - start) / 1000
  clearInterval(timer)
  for (const { socket } of connections) socket.destroy()
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => quantile(times, share))
  return {
    rate: times.length / took,
    wanted: PER_SECOND,
    connections: CONNECTIONS,
    p50: p50 ?? Number.NaN,
    p99: p99 ?? Number.NaN,
    p999: p999 ?? Number.NaN,
  }
}

if (import.meta.main) {
  const [port, seconds] = process.argv.slice(2).map(Number)
  if (port === undefined || seconds === undefined) throw new Error('PORT SECONDS')
  console.log(JSON.stringify(await main(port, seconds)))
}
