import type { CompactedTopic, LogRecord } from '@tlsrep/platform/event-log/event-log'
import { InProcessEventLog } from '@tlsrep/platform/event-log/in-process'
import type { TopicStore } from '@tlsrep/platform/event-log/topic-store'
import { createEncoder, type Listing, type Override } from '@tlsrep/schemas'
import { forgetfulState } from './list/state-file.ts'
import type { Logger } from './logger.ts'
import type { ListingDelta, ListingSnapshot, Output, PublishedListing } from './outputs/output.ts'
import { Publisher, type PublisherOptions } from './publisher.ts'
import type { Timer } from './timer.ts'

export const START = Date.UTC(2026, 10, 25, 12)
export const HOUR = 3_600_000

/** A clock that the test moves; timers run when their moment is passed, in order. */
export class MovedClock {
  #now = START
  #timers: { at: number; run: () => void }[] = []

  readonly now = (): number => this.#now

  readonly after: Timer = (delay, run) => {
    const timer = { at: this.#now + Math.max(delay, 0), run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves on, and lets whatever the timers began come to its end. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((other) => other !== due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
      await breathe()
    }
    this.#now = end
    await breathe()
  }

  /** Moves the clock alone, as if the timers were late. */
  jump(ms: number): void {
    this.#now += ms
  }
}

/** Lets promises that are under way go on. */
export async function breathe(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export class MemoryStore implements TopicStore {
  readonly #topics = new Map<string, Map<string, LogRecord>>()

  async write(topic: string, records: readonly LogRecord[]): Promise<void> {
    const content = this.#topics.get(topic) ?? new Map<string, LogRecord>()
    this.#topics.set(topic, content)
    for (const record of records) {
      const key = Buffer.from(record.key ?? []).toString()
      if (record.value === null) content.delete(key)
      else content.set(key, record)
    }
  }

  async read(topic: CompactedTopic): Promise<readonly LogRecord[]> {
    return [...(this.#topics.get(topic)?.values() ?? [])]
  }
}

const listingEncoder = createEncoder('Listing')
const overrideEncoder = createEncoder('Override')

export function listingRecord(sender: string, more: Partial<Listing> = {}): LogRecord {
  const listing: Listing = {
    sender,
    tier: 'tag',
    listed_at: START - HOUR,
    updated_at: START - HOUR,
    expires_at: START + 10 * HOUR,
    review_at: null,
    sequence: 1,
    reasons: ['plaintext'],
    lower_bound: 0.8,
    upper_bound: 0.95,
    effective_sessions: 12,
    explanation: 'twelve sessions in clear',
    remedy: 'use STARTTLS',
    sample_event_ids: [],
    first_evidence_day: null,
    last_evidence_day: null,
    policy_hash: 'p',
    scored_at: START - HOUR,
    ...more,
  }
  return { key: Buffer.from(sender), value: Uint8Array.from(listingEncoder.encode(listing)) }
}

export function overrideRecord(sender: string, action: 'allow' | 'deny', more: Partial<Override> = {}): LogRecord {
  const tier = action === 'deny' ? 'reject' : null
  const override: Override = { sender, action, tier, until: null, by: 'op', why: 'test', created_at: START, ...more }
  return { key: Buffer.from(sender), value: Uint8Array.from(overrideEncoder.encode(override)) }
}

export function tombstone(sender: string): LogRecord {
  return { key: Buffer.from(sender), value: null }
}

export interface LoggedLine {
  level: 'info' | 'warn' | 'error'
  facts: Record<string, unknown>
  message: string
}

export class KeptLog implements Logger {
  readonly lines: LoggedLine[] = []
  info(facts: object, message: string): void {
    this.lines.push({ level: 'info', facts: { ...facts }, message })
  }
  warn(facts: object, message: string): void {
    this.lines.push({ level: 'warn', facts: { ...facts }, message })
  }
  error(facts: object, message: string): void {
    this.lines.push({ level: 'error', facts: { ...facts }, message })
  }
}

/** A delta as it was when it was given. */
type GivenDelta = ListingDelta & { added: readonly PublishedListing[] }

/** Keeps what it was given. */
export class KeepingOutput implements Output {
  readonly name = 'keeping'
  readonly given: { sequence: bigint; delta: GivenDelta; senders: readonly string[] }[] = []
  /** What the next publications wait for. */
  gate: Promise<void> = Promise.resolve()
  failing = false

  async publish(snapshot: ListingSnapshot, delta: ListingDelta): Promise<void> {
    const { changed, removed } = delta
    const given: GivenDelta = { added: [...delta.added], changed, removed }
    this.given.push({ sequence: snapshot.sequence, delta: given, senders: [...snapshot.listings.keys()].sort() })
    await this.gate
    if (this.failing) throw new Error('out of order')
  }

  async close(): Promise<void> {}

  get last(): KeepingOutput['given'][number] {
    const last = this.given.at(-1)
    if (last === undefined) throw new Error('nothing was published')
    return last
  }
}

export interface TestPublisher {
  publisher: Publisher
  log: InProcessEventLog
  clock: MovedClock
  logger: KeptLog
  listings(...records: LogRecord[]): Promise<void>
  overrides(...records: LogRecord[]): Promise<void>
}

/** A publisher over the in-process log, started unless `start` is false. */
export async function testPublisher(
  options: Partial<PublisherOptions> & { store?: MemoryStore; clock?: MovedClock; start?: boolean } = {},
): Promise<TestPublisher> {
  const { store = new MemoryStore(), clock = new MovedClock(), start = true, ...more } = options
  const logger = new KeptLog()
  const log = new InProcessEventLog({ store, now: clock.now })
  const publisher = new Publisher({
    log,
    group: 'publisher',
    outputs: [],
    protectedPools: [],
    gate: null,
    state: forgetfulState(),
    logger,
    now: clock.now,
    after: clock.after,
    ...more,
  })
  if (start) await publisher.start()
  const append = async (topic: 'tls.listings' | 'tls.overrides', records: LogRecord[]): Promise<void> => {
    await log.append({ topic, records, checkpoint: null })
    await breathe()
  }
  return {
    publisher,
    log,
    clock,
    logger,
    listings: (...records) => append('tls.listings', records),
    overrides: (...records) => append('tls.overrides', records),
  }
}
