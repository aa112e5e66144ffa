import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import type { ListenerName } from '../parsers/parser.ts'
import type { CollectorLogger } from './troubles.ts'

/** One configured input. */
export interface CollectorInput {
  /** Configured name, unique in the collector; checkpoints are kept under it. */
  name: string
  /**
   * Paths and globs of logs, or standard input. A path stands for that file and what is rotated away from it; a glob for every log of which
   * it finds a file, now or later. Each log is read by itself.
   */
  from: { kind: 'files'; paths: readonly string[] } | { kind: 'stdin' }
  /** IANA zone of stamps that have none. */
  zone: string
  /** IANA zone by host name. */
  hostZones?: ReadonlyMap<string, string>
  /** Host of lines whose framing names none. */
  host?: string
}

export interface CollectorOptions {
  /** Configured name of the collector: in every event, and in the keys of its checkpoints. */
  collector: string
  inputs: readonly CollectorInput[]
  eventLog: Pick<EventLog, 'append' | 'readCompacted'>
  /** The event log hands records on to a scorer in this process, as they are. Default: it does not. */
  inProcess?: boolean
  /** Whether the event log refused for something that passes: then the same is tried again, for ever. */
  isOutage: (error: unknown) => boolean
  logger: CollectorLogger
  /** Milliseconds since 1970 UTC. */
  now: () => number
  /** Dead lines are kept there. */
  dataDirectory: string
  /** Size of the file of dead lines, in bytes; one older one is kept beside it. */
  deadLinesMaxBytes?: number
  listenerName: ListenerName
  /** Sessions held open at once, for each log. */
  maxOpenSessions: number
  /** Events after which a batch is handed on. */
  batchEvents?: number
  /** Milliseconds after which a batch is handed on, full or not. */
  batchMs?: number
  /** Bytes of a log that are read and parsed at once. */
  chunkBytes?: number
}
