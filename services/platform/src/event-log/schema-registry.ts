import type { AvroSchema } from '@tlsrep/schemas'
import { CONFLUENT_LENGTH } from '@tlsrep/schemas/framing'
import { OperatorError } from '../errors/operator-error.ts'
import type { LogRecord } from './event-log.ts'
import { exchange, type RegistryRequest } from './registry-request.ts'

export interface SchemaRegistryOptions {
  /** Without a path: `https://registry.example.net:8081`. */
  url: string
  /** HTTP basic authentication; null without. */
  credentials: { user: string; password: string } | null
  /** For an `https:` URL: whom to trust, and this client's certificate; default Node's. */
  tls?: RegistryRequest['tls']
  /** Milliseconds that an answer may take; default 10 000. */
  timeout?: number
  /** Milliseconds since 1970 UTC. */
  now: () => number
}

/** The registry cannot be asked now; the same call may be made again later. */
export class SchemaRegistryUnavailable extends Error {
  override readonly name = 'SchemaRegistryUnavailable'
}

/** Milliseconds for which an id that the registry does not know is not asked for again: broken records must not make a flood of requests. */
const UNKNOWN_FOR_MS = 60_000
/** The most unknown ids that are remembered: records can name any four bytes. */
const UNKNOWN_MAX = 10_000
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'
const [NOT_FOUND, CONFLICT, UNPROCESSABLE] = [404, 409, 422]
/** Codes in the body of a 404: the subject, the version, the schema. Without one of them the address is no registry's. */
const REGISTRY_404: readonly number[] = [40401, 40402, 40403]

/**
 * Client of a Confluent Schema Registry (its HTTP API, version 1). A schema never changes under its id, so each is fetched once.
 *
 * Records are decoded without waiting, so ids are learned before: `learn` a batch, then decode it with `schemaOf`.
 */
export class SchemaRegistry {
  readonly counters = { requests: 0, failures: 0, schemas: 0, unknown_ids: 0 }
  readonly #options: SchemaRegistryOptions
  readonly #schemas = new Map<number, AvroSchema>()
  readonly #unknownUntil = new Map<number, number>()
  readonly #registered = new Map<string, Promise<number>>()

  constructor(options: SchemaRegistryOptions) {
    this.#options = options
  }

  /**
   * The id under which records of this schema are written to the topic; registers it where it is new. Subject: topic and `-value`.
   * @throws OperatorError where the registry refuses it; SchemaRegistryUnavailable
   */
  register(topic: string, schema: AvroSchema): Promise<number> {
    const subject = `${topic}-value`
    const text = JSON.stringify(schema)
    const key = `${subject} ${text}`
    const known = this.#registered.get(key)
    if (known !== undefined) return known
    const registering = this.#register(subject, text).then((id) => {
      this.#keep(id, schema)
      return id
    })
    this.#registered.set(key, registering)
    registering.catch(() => this.#registered.delete(key))
    return registering
  }

  /** Resolves where it answers. @throws OperatorError, SchemaRegistryUnavailable */
  async ping(): Promise<void> {
    await this.#request('GET', '/schemas/types')
  }

  /** The schema behind an id, as far as it has been fetched or registered. */
  schemaOf(id: number): AvroSchema | undefined {
    return this.#schemas.get(id)
  }

  /** Fetches the schemas that these records name and that are not known yet. @throws SchemaRegistryUnavailable */
  async learn(records: readonly LogRecord[]): Promise<void> {
    const now = this.#options.now()
    const ids = new Set<number>()
    for (const { value } of records) {
      const id = value === null ? null : idOf(value)
      if (id !== null && !this.#schemas.has(id) && (this.#unknownUntil.get(id) ?? 0) <= now) ids.add(id)
    }
    for (const id of ids) await this.#fetch(id)
  }

  async #register(subject: string, schema: string): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`
    const { status, body } = await this.#request('POST', path, { schema, schemaType: 'AVRO' })
    if (status === CONFLICT || status === UNPROCESSABLE) {
      throw new OperatorError({
        code: 'TLSREP_SCHEMA_REFUSED',
        message: `the schema registry refuses the schema: ${messageOf(body)}`,
        where: `${this.#options.url}, subject ${subject}`,
        remedy: 'set the compatibility of the subject to BACKWARD or less, or give tlsrep a topic prefix of its own',
      })
    }
    const { id } = body as { id?: unknown }
    if (status !== 200 || typeof id !== 'number') throw this.#strange(status, body)
    return id
  }

  async #fetch(id: number): Promise<void> {
    const { status, body } = await this.#request('GET', `/schemas/ids/${id}`)
    if (status === NOT_FOUND && REGISTRY_404.includes((body as { error_code?: number }).error_code ?? 0)) {
      return this.#forget(id)
    }
    const { schema, schemaType = 'AVRO' } = body as { schema?: unknown; schemaType?: unknown }
    if (status !== 200 || typeof schema !== 'string') throw this.#strange(status, body)
    const parsed = schemaType === 'AVRO' ? parseSchema(schema) : undefined
    if (parsed === undefined) this.#forget(id)
    else this.#keep(id, parsed)
  }

  #keep(id: number, schema: AvroSchema): void {
    this.#schemas.set(id, schema)
    this.#unknownUntil.delete(id)
    this.counters.schemas = this.#schemas.size
  }

  #forget(id: number): void {
    this.counters.unknown_ids++
    if (this.#unknownUntil.size >= UNKNOWN_MAX) this.#unknownUntil.clear()
    this.#unknownUntil.set(id, this.#options.now() + UNKNOWN_FOR_MS)
  }

  async #request(method: RegistryRequest['method'], path: string, content?: object): Promise<Answer> {
    const { url, credentials, timeout = 10_000, tls = {} } = this.#options
    const body = content === undefined ? null : JSON.stringify(content)
    const headers = { accept: CONTENT_TYPE, 'content-type': CONTENT_TYPE, ...authorization(credentials) }
    this.counters.requests++
    try {
      const { status, text } = await exchange({ url: new URL(path, url), method, headers, body, timeout, tls })
      if (status === 401 || status === 403) throw this.#denied(status)
      if (status >= 500 || status === 429) throw new Error(`it answers ${status}`)
      return { status, body: JSON.parse(text) as unknown }
    } catch (error) {
      this.counters.failures++
      if (error instanceof OperatorError) throw error
      throw new SchemaRegistryUnavailable(`the schema registry ${url} does not answer: ${causeOf(error)}`, {
        cause: error,
      })
    }
  }

  #denied(status: number): OperatorError {
    return new OperatorError({
      code: 'TLSREP_SCHEMA_REGISTRY_DENIED',
      message: `the schema registry does not let tlsrep in: it answers ${status}`,
      where: this.#options.url,
      remedy: 'check user and password, and that the user may read schemas and register those of the topics',
    })
  }

  #strange(status: number, body: unknown): OperatorError {
    return new OperatorError({
      code: 'TLSREP_SCHEMA_REGISTRY_STRANGE',
      message: `what answers is no schema registry: status ${status}, ${messageOf(body)}`,
      where: this.#options.url,
      remedy: 'check the address: it has to be that of a Confluent Schema Registry, without a path',
    })
  }
}

interface Answer {
  status: number
  body: unknown
}

function authorization(credentials: SchemaRegistryOptions['credentials']): Record<string, string> {
  if (credentials === null) return {}
  const { user, password } = credentials
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

/** The schema's id before a record in Confluent's wire format; null before any other, and where no registry gives such an id. */
function idOf(value: Uint8Array): number | null {
  if (value[0] !== 0 || value.length < CONFLUENT_LENGTH) return null
  const id = new DataView(value.buffer, value.byteOffset, CONFLUENT_LENGTH).getInt32(1)
  return id < 0 ? null : id
}

function parseSchema(text: string): AvroSchema | undefined {
  try {
    return JSON.parse(text) as AvroSchema
  } catch {
    return undefined
  }
}

const MESSAGE_LENGTH = 300

function messageOf(body: unknown): string {
  const { message } = (body ?? {}) as { message?: unknown }
  return typeof message === 'string' ? message.slice(0, MESSAGE_LENGTH) : 'no message'
}

/** Of several addresses that were tried, the words of the first. */
function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
