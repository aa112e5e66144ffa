import type { LinePlace } from '../parsers/parser.ts'

/**
 * Log time before an open session's first line that is read again with it: a process can open several sessions by equal lines in one
 * second, and their ids differ by how many came before.
 */
const BEFORE_MS = 10_000

/**
 * Stands for that time where log time does not pass, because a line far in the future came by: more than the busiest host logs in 10 s.
 */
const BEFORE_BYTES = 64 * 1024 * 1024

/** Marks closer than this are not worth a place. */
const APART_MS = 1000
const APART_BYTES = 1024 * 1024
const MAX_MARKS = 4096

interface Mark extends LinePlace {
  /** Log time of the newest line before it; -Infinity: none. */
  time: number
  /** Bytes read before it. */
  bytes: number
}

/**
 * Remembers where reading was at which log time, as far back as open sessions reach, over the files of a log. Says from where a restart
 * has to read again. What it says only ever moves forward, so what lies before is forgotten.
 */
export class ReadTrail {
  #marks: Mark[] = []
  #bytes = 0

  /** A block is about to be parsed that begins at `place`. `time` is the log time of the newest line before it. */
  note(place: LinePlace, length: number, time: number): void {
    const last = this.#marks.at(-1)
    const isNews =
      last === undefined ||
      last.source !== place.source ||
      time >= last.time + APART_MS ||
      this.#bytes >= last.bytes + APART_BYTES
    if (isNews) this.#marks.push({ source: place.source, offset: place.offset, time, bytes: this.#bytes })
    if (this.#marks.length > MAX_MARKS) this.#thinOut()
    this.#bytes += length
  }

  /** Everything before what these sessions need is forgotten. @param oldest first lines of the oldest open sessions */
  need(oldest: readonly LinePlace[]): void {
    let index = this.#marks.length - 1
    for (const place of oldest) index = Math.min(index, this.#before(place))
    const from = this.#marks[Math.max(0, index)]
    if (from === undefined) return
    while (index > 0 && !this.#isFarBefore(index, from)) index--
    this.#marks.splice(0, index)
  }

  /** Where a restart has to begin to read a source; undefined when nothing in it is needed. */
  resumeFrom(source: string): number | undefined {
    return this.#marks.find((mark) => mark.source === source)?.offset
  }

  #isFarBefore(index: number, from: Mark): boolean {
    const mark = this.#marks[index]
    return mark === undefined || mark.time <= from.time - BEFORE_MS || mark.bytes <= from.bytes - BEFORE_BYTES
  }

  /** Index of the last mark that is not behind a line. A line that is nowhere needs all that is known. */
  #before(place: LinePlace): number {
    return Math.max(
      0,
      this.#marks.findLastIndex((mark) => mark.source === place.source && mark.offset <= place.offset),
    )
  }

  /** The further back, the fewer marks are kept: their distance is a hundredth of their age. Those with which a source begins stay. */
  #thinOut(): void {
    const marks = this.#marks
    let newer = Number.POSITIVE_INFINITY
    this.#marks = marks
      .toReversed()
      .filter((mark, index) => {
        const begins = marks[marks.length - 2 - index]?.source !== mark.source
        if (!begins && newer - mark.bytes < (this.#bytes - mark.bytes) / 128) return false
        newer = mark.bytes
        return true
      })
      .reverse()
  }
}
