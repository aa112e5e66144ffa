import { type KnownFile, LogFile } from './log-file.ts'
import type { LogMember } from './log-members.ts'

/** A file that has vanished is remembered this long: rotation moves it from name to name, and a look between two moves finds neither. */
const GONE_FOR_MS = 3_600_000

/**
 * Which file is which: joins what is found on disk with what was read before, by device and inode where the content agrees, else by the
 * content's beginning. So a file that was renamed, copied or compressed is not read again, and one that was emptied and written anew is.
 */
export class LogCatalogue {
  #files: LogFile[] = []
  readonly #shrunk: (file: LogFile) => void

  /** @param shrunk hears of a file that ends before the place up to which it was read; it will be read from its beginning */
  constructor(known: readonly KnownFile[], shrunk: (file: LogFile) => void) {
    this.#files = known.map((file) => LogFile.known(file))
    this.#shrunk = shrunk
  }

  /** In time order; those that are nowhere to be found where they were among the others. */
  get files(): readonly LogFile[] {
    return this.#files
  }

  /**
   * @param members all that is on disk, in time order
   * @param open the file that is being read: it is kept as long as it is
   * @param now milliseconds of a steady clock
   */
  update(members: readonly LogMember[], open: LogFile | null, now: number): void {
    const files = [...this.#files]
    const rank = new Map<LogFile, number>()
    for (const file of files) file.member = null
    const place = (file: LogFile, index: number, member: LogMember): void => {
      if (file.member !== null && !isBetter(member, file.member)) return
      rank.set(file, index)
      file.moveTo(member)
    }
    const strangers: [number, LogMember][] = []
    for (const [index, member] of members.entries()) {
      const file = files.find((candidate) => candidate.isAt(member) && candidate.beginsLike(member))
      if (file !== undefined && !isCutShort(file, member)) {
        place(file, index, member)
        continue
      }
      if (file !== undefined) {
        files.splice(files.indexOf(file), 1)
        this.#shrunk(file)
      }
      strangers.push([index, member])
    }
    for (const [index, member] of strangers) {
      let file = files.find((candidate) => candidate.beginsLike(member))
      if (file === undefined) {
        file = LogFile.found(member)
        files.push(file)
      }
      place(file, index, member)
    }
    for (const file of files) if (file.member === null) file.goneAt ??= now
    const isKept = (file: LogFile): boolean => file === open || file.goneAt === null || now - file.goneAt < GONE_FOR_MS
    this.#files = withGone(
      files.filter((file) => rank.has(file)).sort((x, y) => (rank.get(x) ?? 0) - (rank.get(y) ?? 0)),
      this.#files.filter((file) => rank.has(file) || (files.includes(file) && isKept(file))),
    )
  }
}

/** Puts those of `before` that are not among the found ones behind the neighbour that they had. */
function withGone(found: LogFile[], before: readonly LogFile[]): LogFile[] {
  const files = [...found]
  for (const [index, file] of before.entries()) {
    if (!files.includes(file)) files.splice(files.indexOf(before[index - 1] ?? file) + 1, 0, file)
  }
  return files
}

/** The same file, and less of it than was read. */
function isCutShort(file: LogFile, member: LogMember): boolean {
  return member.compression === 'none' && member.size < file.position
}

/** Of two forms of one content the plain one, of two plain ones the longer. */
function isBetter(member: LogMember, other: LogMember): boolean {
  if (member.compression !== 'none') return false
  return other.compression !== 'none' || member.size > other.size
}
