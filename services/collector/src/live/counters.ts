/** What a collector has done since it started; all only ever rise. */
export interface CollectorCounters {
  /** Bytes of log, after decompression, those read again after a restart too. */
  received_bytes: number
  /** Events stored. */
  sent_events: number
  sent_batches: number
  /** Events that came out of lines read again after a restart, and were stored before it. */
  repeated_events: number
  dead_letters: number
  append_failures: number
  /** Files that were read to their end and left. */
  finished_files: number
  /** Bytes that had been seen in a file and were gone before they were read. */
  lost_bytes: number
  checkpoints_unusable: number
}

export function createCollectorCounters(): CollectorCounters {
  return {
    received_bytes: 0,
    sent_events: 0,
    sent_batches: 0,
    repeated_events: 0,
    dead_letters: 0,
    append_failures: 0,
    finished_files: 0,
    lost_bytes: 0,
    checkpoints_unusable: 0,
  }
}
