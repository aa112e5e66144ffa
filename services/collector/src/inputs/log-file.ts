import { FINGERPRINT_BYTES, type Fingerprint, fingerprintOf, hasFingerprint } from './file-head.ts'
import type { LogMember } from './log-members.ts'

/** What a checkpoint knows of a file: who it is, and how far it was read. */
export interface KnownFile {
  /** The last part of its checkpoint's key. */
  key: string
  name: string
  device: string
  inode: string
  size: number
  fingerprint: Fingerprint
  /** Lines before this were emitted. */
  emittedTo: number
  /** Where reading begins again, so that open sessions are found again; never above `emittedTo`. */
  resumeFrom: number
}

let files = 0

/**
 * One content of a log, wherever it is: it may be renamed, copied and compressed while it is read. Offsets are those of the content after
 * decompression.
 */
export class LogFile {
  /** Names it in blocks and to parsers, no two files alike: a log that is rotated has many files of one path. */
  readonly source: string
  /** Path at which this process has opened it first, for people. */
  name: string
  #opened = false
  key: string | null = null
  device: string
  inode: string
  size: number
  fingerprint: Fingerprint
  /** Where it is now; null when it is nowhere to be found (it may still be open). */
  member: LogMember | null = null
  /** First byte that has not been handed over. */
  position = 0
  /** What lies before `position` and has to be read again at the start. */
  again: { from: number; to: number } | null = null
  /** Reading has come to its end, and rotation has moved it away since. */
  finished = false
  /** The compressed form in which it was read to its end. */
  #drainedForm: string | null = null
  /** It could not be read; before this moment it is left alone. Milliseconds of a steady clock. */
  retryAt = 0
  /** Since when it has been nowhere to be found; milliseconds of a steady clock. */
  goneAt: number | null = null

  constructor(name: string, facts: { device: string; inode: string; size: number; fingerprint: Fingerprint }) {
    this.source = `${files++}:${name}`
    this.name = name
    this.device = facts.device
    this.inode = facts.inode
    this.size = facts.size
    this.fingerprint = facts.fingerprint
  }

  static found(member: LogMember): LogFile {
    return new LogFile(member.path, { ...member, fingerprint: fingerprintOf(member.head) })
  }

  static known(known: KnownFile): LogFile {
    const file = new LogFile(known.name, known)
    file.key = known.key
    file.position = known.emittedTo
    if (known.resumeFrom < known.emittedTo) file.again = { from: known.resumeFrom, to: known.emittedTo }
    // Of a file that is read in parts, some lines are always kept to be read again.
    else {
      file.finished = true
      file.#drainedForm = formOf(known)
    }
    return file
  }

  isAt(member: LogMember): boolean {
    return this.device === member.device && this.inode === member.inode
  }

  beginsLike(member: LogMember): boolean {
    return hasFingerprint(member.head, this.fingerprint)
  }

  moveTo(member: LogMember): void {
    this.member = member
    this.device = member.device
    this.inode = member.inode
    this.size = member.size
    this.goneAt = null
    const { length } = this.fingerprint
    if (length < FINGERPRINT_BYTES && member.head.length > length) this.fingerprint = fingerprintOf(member.head)
    // It was read to its end before it was compressed.
    if (member.compression !== 'none' && this.finished) this.#drainedForm = formOf(member)
  }

  /** It is about to be read under this path; its name stays, whatever it is renamed to. */
  openedAt(path: string): void {
    if (!this.#opened) this.name = path
    this.#opened = true
  }

  /** All of it has been handed over, and nothing more is expected. */
  finish(): void {
    this.finished = true
    this.exhaust()
  }

  /** The form in which it is found now has no more to give; another form of it may. */
  exhaust(): void {
    if (this.member !== null) this.#drainedForm = formOf(this.member)
  }

  /** Bytes that wait to be read, as far as is known: of a compressed file all that it takes on disk. */
  get unread(): number {
    const { member } = this
    if (member === null) return 0
    if (member.compression === 'none') return Math.max(0, member.size - this.position)
    return this.#drainedForm === formOf(member) ? 0 : member.size
  }
}

function formOf({ device, inode, size }: { device: string; inode: string; size: number }): string {
  return `${device} ${inode} ${size}`
}
