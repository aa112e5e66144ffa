import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { LogRecord } from '@tlsrep/platform/event-log/event-log'
import { type Checkpoint, createEncoder, createReader } from '@tlsrep/schemas'
import type { KnownFile, LogFile } from '../inputs/log-file.ts'
import { belongsTo, type LogPlace } from '../inputs/log-names.ts'
import type { Learned } from '../parsers/parser.ts'

/** Of the state beside the lines that are read again: what `Learned` holds. */
const STATE_VERSION = 1

const encoder = createEncoder('Checkpoint')
const reader = createReader('Checkpoint')

/** How far a file has come, and what had been learned there. */
export interface Progress {
  /** Lines before this were emitted, and are stored. */
  emittedTo: number
  resumeFrom: number
  /** Log time of the newest line; -Infinity: none. */
  newestLineAt: number
  learned: Learned
}

/** Checkpoints of one input of one collector. */
export class Checkpoints {
  readonly #collector: string
  readonly #input: string
  readonly #now: () => number
  #last: number

  /** @param newest `updated_at` of the newest one there is: of two, the later one must say so, whatever the clock does */
  constructor(collector: string, input: string, now: () => number, newest = 0) {
    this.#collector = collector
    this.#input = input
    this.#now = now
    this.#last = newest
  }

  /** The file's key is made at its first checkpoint, and stays when it is renamed, copied or compressed. */
  record(file: LogFile, progress: Progress): LogRecord {
    const { device, inode, size, fingerprint } = file
    const identity = Buffer.from(fingerprint.hash.subarray(0, 8)).toString('hex')
    file.key ??= `${device}-${inode}-${identity}`
    this.#last = Math.max(this.#now(), this.#last + 1)
    const checkpoint: Checkpoint = {
      collector: this.#collector,
      input: this.#input,
      source_name: file.member?.path ?? file.name,
      device,
      inode,
      fingerprint: fingerprint.hash,
      fingerprint_length: fingerprint.length,
      size,
      emitted_to: progress.emittedTo,
      resume_from: progress.resumeFrom,
      newest_line_at: Number.isFinite(progress.newestLineAt) ? progress.newestLineAt : null,
      ...progress.learned,
      ordinals: [],
      open_sessions: null,
      state_version: STATE_VERSION,
      updated_at: this.#last,
    }
    return { key: keyBytes(keyPrefix(this.#collector, this.#input) + file.key), value: encoder.encode(checkpoint) }
  }

  tombstone(key: string): LogRecord {
    return { key: keyBytes(keyPrefix(this.#collector, this.#input) + key), value: null }
  }
}

function keyPrefix(collector: string, input: string): string {
  return `${encodeURIComponent(collector)}/${encodeURIComponent(input)}/`
}

function keyBytes(key: string): Buffer {
  return Buffer.from(key, 'utf8')
}

/** What is stored of an input. */
export interface StoredCheckpoints {
  /** By the last part of the key. */
  good: Map<string, Checkpoint>
  /** Those that cannot be used, by the last part of the key, and why. */
  damaged: Map<string, string>
}

/** Picks an input's checkpoints out of all of them. Never throws for what they hold. */
export function storedCheckpoints(records: readonly LogRecord[], collector: string, input: string): StoredCheckpoints {
  const stored: StoredCheckpoints = { good: new Map(), damaged: new Map() }
  const prefix = keyPrefix(collector, input)
  for (const { key, value } of records) {
    const text = Buffer.from(key ?? []).toString('utf8')
    if (value === null || !text.startsWith(prefix)) continue
    const own = text.slice(prefix.length)
    const decoded = reader.decode(value)
    if (!decoded.ok) stored.damaged.set(own, `${decoded.reason} (${decoded.detail})`)
    else if (isFilePosition(decoded.value)) stored.good.set(own, decoded.value)
    else stored.damaged.set(own, 'positions that cannot be')
  }
  return stored
}

function isFilePosition({
  emitted_to,
  resume_from,
  fingerprint,
  fingerprint_length,
  device,
  inode,
}: Checkpoint): boolean {
  const isWhole = resume_from >= 0 && resume_from <= emitted_to && Number.isSafeInteger(emitted_to)
  return isWhole && fingerprint !== null && fingerprint_length > 0 && device !== null && inode !== null
}

/** What a log goes on from. */
export interface Resume {
  known: KnownFile[]
  learned: Learned | null
  /** Key of the file that was read last; null without any. */
  newest: string | null
  /** Milliseconds since 1970 UTC at which each was written, by key. */
  updatedAt: Map<string, number>
}

/** The part of an input's checkpoints that belongs to one of its logs. */
export function resumeOf(good: ReadonlyMap<string, Checkpoint>, place: LogPlace): Resume {
  const resume: Resume = { known: [], learned: null, newest: null, updatedAt: new Map() }
  let newestAt = Number.NEGATIVE_INFINITY
  for (const [key, checkpoint] of good) {
    if (!belongsTo(place, checkpoint.source_name)) continue
    const { hosts, listeners, outbound_peers, queued_senders, updated_at } = checkpoint
    resume.known.push(knownFile(key, checkpoint))
    resume.updatedAt.set(key, updated_at)
    if (updated_at < newestAt) continue
    newestAt = updated_at
    resume.newest = key
    resume.learned = { hosts, listeners, outbound_peers, queued_senders }
  }
  return resume
}

function knownFile(key: string, checkpoint: Checkpoint): KnownFile {
  return {
    key,
    name: checkpoint.source_name,
    device: checkpoint.device ?? '',
    inode: checkpoint.inode ?? '',
    size: checkpoint.size ?? 0,
    fingerprint: { hash: checkpoint.fingerprint ?? new Uint8Array(16), length: checkpoint.fingerprint_length },
    emittedTo: checkpoint.emitted_to,
    resumeFrom: checkpoint.resume_from,
  }
}

/** A checkpoint of which no use can be made: what it stood for is read from its beginning, and counted once all the same. */
export function unusable(where: string, why: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_CHECKPOINT_UNUSABLE',
    message: `A saved position cannot be used: ${why}. The log is read from its beginning; sessions that are stored already are not counted again.`,
    where,
    remedy:
      'Nothing has to be done. If it comes again, check the disk, and whether something else writes to or shortens the log.',
  })
}
