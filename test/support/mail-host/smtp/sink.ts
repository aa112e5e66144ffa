// A process in the network of a mail host that plays the servers it delivers to: takes every message and keeps none. Its one
// argument is a list of `SinkListener`s as JSON; it says `listening` when all do.
import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'

export interface SinkListener {
  address: string
  name: string
  /** `broken`: STARTTLS is offered and answered with 220, then the connection is closed. */
  starttls: 'offered' | 'not_offered' | 'broken'
  keyFile: string
  certFile: string
}

const listeners = JSON.parse(process.argv[2] ?? '[]') as SinkListener[]
await Promise.all(listeners.map(listen))
process.stdout.write('listening\n')

function listen(listener: SinkListener): Promise<Server> {
  const context = createSecureContext({ key: readFileSync(listener.keyFile), cert: readFileSync(listener.certFile) })
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.write(`220 ${listener.name} ESMTP\r\n`)
      serve(socket, listener, context, false)
    })
    server.on('error', reject)
    server.listen(25, listener.address, () => resolve(server))
  })
}

function serve(socket: Socket, listener: SinkListener, context: SecureContext, secured: boolean): void {
  let rest = ''
  let inData = false
  const say = (line: string) => socket.write(`${line}\r\n`)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) answer(line)
  })

  function answer(line: string): void {
    if (inData) {
      if (line !== '.') return
      inData = false
      say('250 2.0.0 taken')
      return
    }
    const verb = line.slice(0, 8).toUpperCase()
    if (verb.startsWith('EHLO')) greet()
    else if (verb === 'STARTTLS') startTls()
    else if (verb.startsWith('DATA')) {
      inData = true
      say('354 go on')
    } else if (verb.startsWith('QUIT')) {
      say('221 2.0.0 bye')
      socket.end()
    } else say('250 2.0.0 ok')
  }

  function greet(): void {
    say(`250-${listener.name}`)
    if (!secured && listener.starttls !== 'not_offered') say('250-STARTTLS')
    say('250 8BITMIME')
  }

  function startTls(): void {
    say('220 2.0.0 ready')
    if (listener.starttls === 'broken') {
      socket.end()
      return
    }
    socket.removeAllListeners('data')
    serve(new TLSSocket(socket, { isServer: true, secureContext: context }), listener, context, true)
  }
}
