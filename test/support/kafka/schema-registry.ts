import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'

interface Answer {
  status: number
  body: string
}

export interface StandInOptions {
  /** With them it speaks https; PEM. */
  tls?: { key: string; cert: string }
  /** Whom it lets in; everybody without. */
  credentials?: { user: string; password: string }
}

const FIRST_ID = 100

/**
 * A stand-in for a Confluent Schema Registry: the three requests that are made of it, with status and error codes as the documentation of
 * its API states them. No real registry has been run against. It can be stopped and started again under its address, and keeps what was
 * registered.
 */
export class RegistryStandIn {
  readonly requests: string[] = []
  /** Given instead of an answer of its own. */
  answer: Answer | null = null
  readonly #options: StandInOptions
  readonly #schemas: string[] = []
  readonly #subjects = new Map<string, Set<number>>()
  #server: Server | null = null
  #port = 0

  private constructor(options: StandInOptions) {
    this.#options = options
  }

  static async listen(options: StandInOptions = {}): Promise<RegistryStandIn> {
    const standIn = new RegistryStandIn(options)
    await standIn.start()
    return standIn
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`
  }

  /** Ids by subject. */
  get subjects(): Readonly<Record<string, number[]>> {
    return Object.fromEntries([...this.#subjects].map(([subject, ids]) => [subject, [...ids]]))
  }

  /** As if somebody had registered it. */
  add(schema: string, subject = 'elsewhere'): number {
    if (!this.#schemas.includes(schema)) this.#schemas.push(schema)
    const id = this.#schemas.indexOf(schema) + FIRST_ID
    this.#subjects.set(subject, (this.#subjects.get(subject) ?? new Set()).add(id))
    return id
  }

  async start(): Promise<void> {
    const { tls } = this.#options
    const take = (request: IncomingMessage, response: ServerResponse): void => this.#take(request, response)
    const server = tls === undefined ? createServer(take) : createSecureServer(tls, take)
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    const address = server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : 0
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    server?.closeAllConnections()
    if (server !== null) await new Promise((resolve) => server.close(resolve))
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      this.requests.push(`${method} ${url} ${headers.authorization ?? ''}`.trim())
      const { status, body } = this.answer ?? this.#answer(method, url, headers.authorization, text)
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(body)
    })
  }

  #answer(method: string, path: string, authorization: string | undefined, text: string): Answer {
    const json = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body) })
    const { credentials } = this.#options
    const expected = credentials && Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')
    if (expected !== undefined && authorization !== `Basic ${expected}`) {
      return json(401, { error_code: 401, message: 'Unauthorized' })
    }
    const [, subject] = /^\/subjects\/([^/]+)\/versions$/.exec(path) ?? []
    if (method === 'POST' && subject !== undefined) {
      const { schema } = JSON.parse(text) as { schema: string }
      return json(200, { id: this.add(schema, decodeURIComponent(subject)) })
    }
    if (path === '/schemas/types') return json(200, ['AVRO'])
    const [, id] = /^\/schemas\/ids\/(\d+)$/.exec(path) ?? []
    const schema = this.#schemas[Number(id) - FIRST_ID]
    return schema === undefined ? json(404, { error_code: 40403, message: 'Schema not found' }) : json(200, { schema })
  }
}
