/** The attributes of a request that a decision needs (Postfix SMTPD_POLICY_README, "Protocol description"). Empty where not sent. */
export interface PolicyRequest {
  /** `CONNECT`, `EHLO`, `HELO`, `MAIL`, `RCPT`, `DATA`, `END-OF-MESSAGE`, `VRFY`, `ETRN`. */
  protocolState: string
  clientAddress: string
  /** 0 before Postfix 3.2. */
  serverPort: number
  /** The same for all requests about one message. */
  instance: string
  /** The client has logged in. */
  authenticated: boolean
}

const NEWLINE = 10
const EQUALS = 61
const ZERO = 48

/** The names and the value that a decision needs, as bytes. */
const REQUEST = Buffer.from('request')
const ACCESS_POLICY = Buffer.from('smtpd_access_policy')
const PROTOCOL_STATE = Buffer.from('protocol_state')
const CLIENT_ADDRESS = Buffer.from('client_address')
const INSTANCE = Buffer.from('instance')
const SERVER_PORT = Buffer.from('server_port')
const SASL_USERNAME = Buffer.from('sasl_username')

/** `unfinished`: its end has not come yet. `malformed`: it has, and this is no request of Postfix's access policy protocol. */
export type ReadResult = 'request' | 'unfinished' | 'malformed'

/**
 * Reads requests in place, one at a time: of the kilobyte that Postfix sends only what a decision needs becomes text, which keeps nothing
 * else in memory. One object for all connections; what it holds is valid until the next `read`.
 */
export class PolicyRequestReader {
  readonly request: PolicyRequest = {
    protocolState: '',
    clientAddress: '',
    serverPort: 0,
    instance: '',
    authenticated: false,
  }
  /** Offset behind what was read, with the empty line that ends it. */
  end = 0
  #isPolicy = false

  /**
   * Reads the lines from `start` up to an empty one. Of an attribute sent twice the first one counts: what Postfix itself says stands
   * before what a client made it say.
   */
  read(bytes: Buffer, start: number): ReadResult {
    this.#clear()
    const { length } = bytes
    let wellFormed = true
    let at = start
    // Byte by byte: names and values are so short that a call to find the end of one costs more than looking at it.
    while (at < length) {
      const line = at
      let byte = bytes[at]
      if (byte === NEWLINE) {
        this.end = at + 1
        return wellFormed && this.#isPolicy ? 'request' : 'malformed'
      }
      while (byte !== EQUALS && byte !== NEWLINE && at < length) byte = bytes[++at]
      const equals = at
      while (byte !== NEWLINE && at < length) byte = bytes[++at]
      if (at === length) break
      if (equals > line && equals < at) this.#take(bytes, line, equals, at)
      else wellFormed = false
      at++
    }
    return 'unfinished'
  }

  #clear(): void {
    const { request } = this
    request.protocolState = ''
    request.clientAddress = ''
    request.serverPort = 0
    request.instance = ''
    request.authenticated = false
    this.#isPolicy = false
  }

  #take(bytes: Buffer, line: number, equals: number, end: number): void {
    const { request } = this
    const value = equals + 1
    switch (bytes[line]) {
      case 114: // r
        if (is(bytes, line, equals, REQUEST)) this.#isPolicy ||= is(bytes, value, end, ACCESS_POLICY)
        break
      case 112: // p
        if (is(bytes, line, equals, PROTOCOL_STATE)) request.protocolState ||= bytes.toString('latin1', value, end)
        break
      case 99: // c
        if (is(bytes, line, equals, CLIENT_ADDRESS)) request.clientAddress ||= bytes.toString('latin1', value, end)
        break
      case 105: // i
        if (is(bytes, line, equals, INSTANCE)) request.instance ||= bytes.toString('latin1', value, end)
        break
      case 115: // s
        if (is(bytes, line, equals, SERVER_PORT)) request.serverPort ||= portOf(bytes, value, end)
        else if (is(bytes, line, equals, SASL_USERNAME)) request.authenticated ||= end > value
        break
    }
  }
}

function is(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}

function portOf(bytes: Buffer, start: number, end: number): number {
  let port = 0
  if (end - start > 5) return 0
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return 0
    port = port * 10 + digit
  }
  return port <= 65535 ? port : 0
}
