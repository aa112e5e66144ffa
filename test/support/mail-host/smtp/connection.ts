import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { SmtpReply } from './job.ts'

const SILENCE_MS = 60_000
const LAST_LINE = /^(\d{3})(?: (.*))?$/

/** One connection to an SMTP server: a command, its reply, and so on. Nothing is pipelined. */
export class SmtpConnection {
  #socket: Socket
  #lines: string[] = []
  #rest = ''
  #ended: Error | null = null
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  static async open(options: { from: string; to: string; port: number }): Promise<SmtpConnection> {
    const socket = connectTcp({ host: options.to, port: options.port, localAddress: options.from })
    await once(socket, 'connect')
    return new SmtpConnection(socket)
  }

  /** Sends a line, waits for the whole reply to it. */
  async command(line: string, to: string): Promise<SmtpReply> {
    this.#socket.write(`${line}\r\n`)
    return this.reply(to)
  }

  /**
   * Waits for a whole reply (RFC 5321 §4.2.1: the last line has a space after its code).
   * @throws Error when the connection ends first
   */
  async reply(to: string): Promise<SmtpReply> {
    const texts: string[] = []
    for (;;) {
      const line = await this.#line()
      const last = LAST_LINE.exec(line)
      texts.push(last === null ? line.slice(4) : (last[2] ?? ''))
      if (last !== null) return { to, code: Number(last[1]), text: texts.join('\n') }
    }
  }

  /** Goes on under TLS, whatever the server's certificate. */
  async secure(options: ConnectionOptions): Promise<{ version: string; cipher: string }> {
    const plain = this.#socket
    plain.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error')
    const secured: TLSSocket = connectTls({ ...options, socket: plain, rejectUnauthorized: false })
    await once(secured, 'secureConnect')
    this.#socket = secured
    this.#listen()
    return { version: secured.getProtocol() ?? '', cipher: secured.getCipher().name }
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Resolves when the server has closed its side too. */
  async close(): Promise<void> {
    const ended = this.#ended
    if (ended !== null) return
    const closed = once(this.#socket, 'close')
    this.#socket.end()
    await closed
  }

  #listen(): void {
    const socket = this.#socket
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('the server said nothing for a minute')))
    socket.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString('latin1')).split('\r\n')
      this.#rest = lines.pop() ?? ''
      this.#lines.push(...lines)
      this.#wake()
    })
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('the server closed the connection')))
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#wake()
  }

  async #line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift()
      if (line !== undefined) return line
      if (this.#ended !== null) throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
