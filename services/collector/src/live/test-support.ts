import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppendBatch, CompactedTopic, LogRecord } from '@tlsrep/platform/event-log/event-log'
import {
  type Checkpoint,
  createReader,
  type DeadLetter,
  type RecordName,
  type RecordTypes,
  type TlsNegotiation,
} from '@tlsrep/schemas'
import { toJson } from '@tlsrep/schemas/json'
import { afterAll } from 'vitest'
import { createFramer } from '../framing/frame-line.ts'
import { lineBlocks } from '../inputs/line-blocks.ts'
import { type Collector, createCollector } from '../main.ts'
import { createPostfixParser } from '../parsers/postfix/postfix.ts'
import { ParseRun } from '../pipeline/parse-run.ts'
import type { CollectorOptions } from './collector-options.ts'

function decode<N extends RecordName>(name: N, bytes: Uint8Array): RecordTypes[N] {
  const decoded = createReader(name).decode(bytes)
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.detail}`)
  return decoded.value as RecordTypes[N]
}

const negotiations = createReader('TlsNegotiation')

function decodeEvent(bytes: Uint8Array): TlsNegotiation {
  const decoded = negotiations.decode(bytes)
  if (!decoded.ok) throw new Error(`${decoded.reason}: ${decoded.detail}`)
  return decoded.value
}

export class Outage extends Error {}

/** What becomes of an append: nothing is heard of a lost one again, whatever of it was stored. */
export type Fate = 'stored' | 'lost' | 'stored and lost' | 'events stored and lost' | Error

/** An event log's content: it outlives its collectors. */
export class Durable {
  events: { key: string; json: string; id: string }[] = []
  letters: DeadLetter[] = []
  readonly checkpoints = new Map<string, Uint8Array>()
  appends = 0

  store({ topic, records, checkpoint }: AppendBatch, withCheckpoint: boolean): void {
    for (const { key, value } of records) {
      if (value === null) throw new Error('a tombstone among events')
      // What was handed over must not change, and must not be needed, afterwards.
      const bytes = Buffer.from(value)
      if (topic === 'tls.deadletter') this.letters.push(decode('DeadLetter', bytes))
      else {
        const event = decodeEvent(bytes)
        const id = Buffer.from(event.event_id).toString('hex')
        this.events.push({ key: Buffer.from(key ?? []).toString(), json: toJson(event), id })
      }
    }
    if (checkpoint !== null && withCheckpoint) this.#save(checkpoint)
  }

  #save({ key, value }: LogRecord): void {
    const text = Buffer.from(key ?? []).toString()
    if (value === null) this.checkpoints.delete(text)
    else this.checkpoints.set(text, Buffer.from(value))
  }

  checkpointList(): Checkpoint[] {
    return [...this.checkpoints.values()].map((bytes) => decode('Checkpoint', bytes))
  }

  /** Each event once, as who counts by id sees them; two that share an id and differ are a fault. */
  distinct(): string[] {
    const byId = new Map<string, string>()
    for (const { id, json } of this.events) {
      const before = byId.get(id)
      if (before !== undefined && withoutPlace(before) !== withoutPlace(json))
        throw new Error(`two events of one id:\n${before}\n${json}`)
      byId.set(id, json)
    }
    return [...byId.values()]
  }
}

/** An event without the file that it was found in, which may have another name when it is found again. */
export function withoutPlace(json: string): string {
  return JSON.stringify({ ...JSON.parse(json), source_name: '', source_offset: 0, source_end: 0 })
}

/** One collector's connection to an event log; dead as soon as one append has got lost. */
export class Connection {
  readonly #durable: Durable
  readonly #fate: (append: number, batch: AppendBatch) => Fate
  #appends = 0
  #dead = false
  #died: () => void = () => {}
  /** Resolves when an append was lost. */
  readonly death: Promise<void>

  constructor(durable: Durable, fate: (append: number, batch: AppendBatch) => Fate = () => 'stored') {
    this.#durable = durable
    this.#fate = fate
    this.death = new Promise((resolve) => {
      this.#died = resolve
    })
  }

  get appends(): number {
    return this.#appends
  }

  async append(batch: AppendBatch): Promise<void> {
    if (this.#dead) return new Promise(() => {})
    const fate = this.#fate(++this.#appends, batch)
    await Promise.resolve()
    if (fate instanceof Error) throw fate
    if (fate !== 'lost') {
      this.#durable.appends++
      this.#durable.store(batch, fate !== 'events stored and lost')
    }
    if (fate === 'stored') return
    this.#dead = true
    this.#died()
    return new Promise(() => {})
  }

  async readCompacted(topic: CompactedTopic): Promise<LogRecord[]> {
    if (topic !== 'tls.checkpoints') throw new Error(topic)
    return [...this.#durable.checkpoints].map(([key, value]) => ({ key: Buffer.from(key), value }))
  }
}

export interface Logged {
  level: string
  facts: { code?: unknown; where?: unknown }
  message: string
}

/** Data directories of the lives of a test file; they go when all of them have ended. */
const dataDirectories = mkdtempSync(join(tmpdir(), 'tlsrep-collector-data-'))
const lives: Life[] = []
afterAll(async () => {
  for (const life of lives) life.abandon()
  await Promise.all(lives.map((life) => life.ended))
  rmSync(dataDirectories, { recursive: true })
}, 60_000)

/** A collector's life, from its start to its stop or death. */
export class Life {
  readonly collector: Collector
  readonly logged: Logged[] = []
  readonly ended: Promise<void>
  readonly #stop = new AbortController()
  error: unknown = null

  constructor(connection: Connection, paths: readonly string[], options: Partial<CollectorOptions> = {}) {
    const log = (level: string) => (facts: object, message: string) =>
      this.logged.push({ level, facts: { ...facts }, message })
    this.collector = createCollector({
      collector: 'c1',
      inputs: [{ name: 'mail', from: { kind: 'files', paths }, zone: 'UTC' }],
      eventLog: connection,
      isOutage: (error) => error instanceof Outage,
      logger: { info: log('info'), warn: log('warn'), error: log('error') },
      now: Date.now,
      dataDirectory: mkdtempSync(join(dataDirectories, 'life-')),
      listenerName: () => undefined,
      maxOpenSessions: 10_000,
      batchMs: 5,
      ...options,
    })
    this.ended = this.collector.run(this.#stop.signal).catch((error: unknown) => {
      this.error = error
    })
    lives.push(this)
  }

  /** Waits until something is so; fails with the life. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.error !== null) throw this.error
      await sleep(3)
    }
  }

  /** Waits until the whole of a file was taken. */
  untilRead(file: string): Promise<void> {
    const { size } = statSync(file)
    return this.until(() => (this.position(file) ?? -1) >= size)
  }

  /** Offset behind the last line taken; undefined where another file is being read. */
  position(file: string): number | undefined {
    const positions = this.collector.inputs.flatMap((input) => input.logs().map(({ position }) => position))
    return positions.find((position) => position?.source_name === file)?.offset
  }

  /** Stops as an operator would. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.ended
    if (this.error !== null) throw this.error
  }

  /** Lets a collector go whose connection is dead: nothing that it does is seen any more. */
  abandon(): void {
    this.#stop.abort()
  }
}

/** What `tlsrep parse` makes of files that are one log, but for the sessions that are open at its end. */
export async function parsed(paths: readonly string[]): Promise<string[]> {
  const events: TlsNegotiation[] = []
  const run = new ParseRun({
    framer: createFramer({ notAfter: Date.now(), zone: 'UTC' }),
    parsers: [createPostfixParser],
    parserOptions: { collector: 'c1', maxOpenSessions: 10_000, listenerName: () => undefined },
    emit: (event) => events.push(event),
  })
  for (const path of paths) {
    run.startSource({ name: path, modifiedAt: statSync(path).mtimeMs })
    const bytes = readFileSync(path)
    for await (const item of lineBlocks(path, chunksOf(bytes))) run.take(item)
  }
  return events.map(toJson)
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
