import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

const ZONE = 'bl.tlsrep.internal'

/** Asks a DNSBL about addresses, and hears whether they are listed. */
export class DnsProbe {
  readonly #socket: Socket
  readonly #names = new Map<number, string>()
  readonly #answered: (address: string, listed: boolean) => void
  #id = 0

  private constructor(socket: Socket, answered: (address: string, listed: boolean) => void) {
    this.#socket = socket
    this.#answered = answered
    socket.on('message', (message) => this.#take(message))
  }

  /** @param answered is called for every answer that comes */
  static async open(port: number, answered: (address: string, listed: boolean) => void): Promise<DnsProbe> {
    const socket = createSocket('udp4')
    const connected = once(socket, 'connect')
    socket.connect(port, '127.0.0.1')
    await connected
    return new DnsProbe(socket, answered)
  }

  ask(address: string): void {
    const id = this.#id++ & 0xffff
    this.#names.set(id, address)
    this.#socket.send(question(address, id))
  }

  close(): void {
    this.#socket.close()
  }

  #take(message: Buffer): void {
    const address = this.#names.get(message.readUInt16BE(0))
    // ANCOUNT: an address that is not listed has no record.
    if (address !== undefined) this.#answered(address, message.readUInt16BE(6) > 0)
  }
}

function question(address: string, id: number): Buffer {
  const name = [...address.split('.').reverse(), ...ZONE.split('.')]
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  const labels = name.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)])
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])])
}
