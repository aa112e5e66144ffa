import type { InputItem } from './input.ts'

/** Where lines come from, as far as who takes them has to know. */
export interface LineSource {
  /** Name in blocks, given to no other source of this process. */
  readonly source: string
  /** Name for people. */
  readonly name: string
}

/**
 * - `lines`: what comes next. `end` is the offset behind it; `again`: it was emitted before the last stop, and rebuilds state
 * - `rebuilt`: all that was emitted before the last stop has been read again; comes once, before the first other lines
 * - `finished`: a file has been read to its end, and nothing more is expected in it
 * - `idle`: there is nothing to read for now
 * - `over`: there never will be
 */
export type FollowItem<F extends LineSource = LineSource> =
  | { kind: 'lines'; file: F; item: InputItem; end: number; modifiedAt: number; again: boolean }
  | { kind: 'rebuilt' }
  | { kind: 'finished'; file: F }
  | { kind: 'idle' }
  | { kind: 'over' }

/** Lines without end, pulled: nothing is read that is not asked for, but for the block that is being cut into lines. */
export interface Follower<F extends LineSource = LineSource> {
  /** What comes next; `idle` after at most `waitMs` milliseconds without anything, `over` once the signal is aborted. */
  next(waitMs: number): Promise<FollowItem<F>>
  /** Ends a wait under way. */
  wake(): void
  /** Bytes known to wait that were not handed over; of compressed files, what they take on disk. */
  readonly behind: number
  /** Bytes read so far, as they are after decompression. */
  readonly bytesRead: number
  close(): Promise<void>
}
