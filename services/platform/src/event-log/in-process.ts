import { randomBytes } from 'node:crypto'
import type {
  AppendBatch,
  BatchHandler,
  CompactedTopic,
  EventLog,
  LogRecord,
  SubscribeOptions,
  Topic,
} from './event-log.ts'
import { CommitQueue, type Committed } from './in-process-commit.ts'
import { LogClosedError } from './in-process-errors.ts'
import { StoredTopicLog } from './in-process-topic.ts'
import type { StoredTopic, TopicStore } from './topic-store.ts'

export interface InProcessEventLogOptions {
  store: TopicStore
  now: () => number
  /** Most records that waiting appends are merged into for one delivery; a larger append is delivered alone, whole. */
  maxRecords?: number
  /** The same bound in bytes. */
  maxBytes?: number
}

const MAX_RECORDS = 20_000
const MAX_BYTES = 16 * 1024 * 1024

const COMPACTED: readonly Topic[] = ['tls.listings', 'tls.overrides', 'tls.checkpoints']

/**
 * The event log of the embedded shape: one process, one partition (0) a topic.
 *
 * `tls.negotiations` is kept nowhere: an append waits until its reader has stored the records, then the input's checkpoint is saved,
 * then it resolves. So acknowledgements run end to end, and a process that dies loses only what no input has been told is done. The
 * other topics are written to the store before an append resolves.
 */
export class InProcessEventLog implements EventLog {
  /** Made anew at each start: offsets begin at 0 with it, and no deduplication token ever comes twice. */
  readonly id: string
  readonly counters = { appends: 0, appended_records: 0, deliveries: 0, delivered_records: 0, checkpoints: 0 }
  readonly #store: TopicStore
  readonly #negotiations: CommitQueue
  readonly #stored: Readonly<Record<StoredTopic, StoredTopicLog>>
  #closed = false

  constructor(options: InProcessEventLogOptions) {
    const { store } = options
    const bounds = { maxRecords: options.maxRecords ?? MAX_RECORDS, maxBytes: options.maxBytes ?? MAX_BYTES }
    this.id = `${options.now().toString(36)}-${randomBytes(6).toString('hex')}`
    this.#store = store
    this.#negotiations = new CommitQueue({ log: this.id, bounds, committed: (group) => this.#committed(group) })
    const topic = (name: StoredTopic): StoredTopicLog =>
      new StoredTopicLog({ topic: name, log: this.id, bounds, store })
    this.#stored = {
      'tls.listings': topic('tls.listings'),
      'tls.overrides': topic('tls.overrides'),
      'tls.checkpoints': topic('tls.checkpoints'),
      'tls.deadletter': topic('tls.deadletter'),
    }
  }

  async append(batch: AppendBatch): Promise<void> {
    if (this.#closed) throw new LogClosedError()
    this.counters.appends++
    this.counters.appended_records += batch.records.length
    if (batch.topic === 'tls.negotiations') return this.#negotiations.append(batch)
    await this.#stored[batch.topic].append(batch.records)
    if (batch.checkpoint !== null) await this.#saveCheckpoints([batch.checkpoint])
  }

  async subscribe(topic: Topic, options: SubscribeOptions, handle: BatchHandler, signal: AbortSignal): Promise<void> {
    if (this.#closed) throw new LogClosedError()
    if (options.whole && !COMPACTED.includes(topic))
      throw new Error(`${topic} is not compacted: it has no whole content`)
    const counted: BatchHandler = (batch) => {
      this.counters.deliveries++
      this.counters.delivered_records += batch.records.length
      return handle(batch)
    }
    if (topic === 'tls.negotiations') return this.#negotiations.subscribe(counted, signal)
    return this.#stored[topic].subscribe(options, counted, signal)
  }

  readCompacted(topic: CompactedTopic): Promise<readonly LogRecord[]> {
    return this.#store.read(topic)
  }

  async readThrough(topic: CompactedTopic, take: (records: readonly LogRecord[]) => void): Promise<void> {
    take(await this.#store.read(topic))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#negotiations.drain()
    await Promise.all(Object.values(this.#stored).map((topic) => topic.drain()))
  }

  /**
   * The records of these appends are stored. A crash before their checkpoints are saved makes the inputs read those lines again; the
   * events have the same ids then, and are counted once.
   */
  async #committed(group: readonly Committed[]): Promise<void> {
    const newest = new Map<string, LogRecord>()
    for (const { checkpoint } of group) {
      if (checkpoint !== null) newest.set(Buffer.from(checkpoint.key ?? []).toString('latin1'), checkpoint)
    }
    if (newest.size > 0) await this.#saveCheckpoints([...newest.values()])
  }

  async #saveCheckpoints(checkpoints: readonly LogRecord[]): Promise<void> {
    this.counters.checkpoints += checkpoints.length
    await this.#stored['tls.checkpoints'].append(checkpoints)
  }
}
