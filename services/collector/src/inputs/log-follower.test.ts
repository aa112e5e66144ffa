import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { fingerprintOf } from './file-head.ts'
import type { KnownFile, LogFile } from './log-file.ts'
import { names, numbered, useTestLog } from './log-follower.test-support.ts'

const test = useTestLog()
let directory = ''
let log = ''
beforeEach(() => {
  directory = test.directory
  log = test.path
})

/** What a checkpoint would keep of a file that was read up to an offset. */
function known(path: string, emittedTo: number, resumeFrom: number, content: string): KnownFile {
  const { dev, ino } = statSync(path)
  return {
    key: path,
    name: path,
    device: String(dev),
    inode: String(ino),
    size: content.length,
    fingerprint: fingerprintOf(Buffer.from(content).subarray(0, 1024)),
    emittedTo,
    resumeFrom,
  }
}

describe('a log that grows', () => {
  it('is read from its beginning, then as it is written', async () => {
    writeFileSync(log, numbered(1, 3))
    const reading = await test.read().untilQuiet()
    expect(reading.lines).toEqual(names(1, 3))
    appendFileSync(log, numbered(4, 5))
    await reading.untilLines(5)
    appendFileSync(log, numbered(6, 6))
    await reading.untilLines(6)
    expect(reading.lines).toEqual(names(1, 6))
    expect(reading.follower.behind).toBe(0)
  })

  it('is waited for until it is created, and an empty one until it is written', async () => {
    const reading = await test.read().untilQuiet()
    expect(reading.errors.map(({ code, source }) => [code, source])).toEqual([['not_found', log]])
    writeFileSync(log, '')
    await reading.untilQuiet()
    expect(reading.errors).toEqual([])
    appendFileSync(log, numbered(1, 1))
    await reading.untilLines(1)
  })

  it('keeps an unfinished last line until its end comes', async () => {
    writeFileSync(log, `${numbered(1, 1)}line 2 of a`)
    const reading = await test.read().untilQuiet()
    expect(reading.lines).toEqual(names(1, 1))
    appendFileSync(log, ' log that is')
    await reading.untilQuiet()
    expect(reading.lines).toEqual(names(1, 1))
    appendFileSync(log, ' followed\n')
    await reading.untilLines(2)
    expect(reading.lines).toEqual(names(1, 2))
  })

  it('is not read where it has grown and reads as NUL until what was written is there', async () => {
    const late = numbered(2, 60)
    writeFileSync(log, numbered(1, 1) + '\0'.repeat(late.length))
    const reading = test.read()
    await reading.untilLines(1)
    const next = reading.untilLines(60)
    const file = openSync(log, 'r+')
    writeSync(file, late, numbered(1, 1).length)
    closeSync(file)
    await next
    expect(reading.lines).toEqual(names(1, 60))
  })

  it('is read where its NULs are old, as they are', async () => {
    writeFileSync(log, `${numbered(1, 1)}\0\0\0\n${numbered(2, 2)}`)
    utimesSync(log, 1_700_000_000, 1_700_000_000)
    const reading = await test.read().untilQuiet()
    expect(reading.lines).toEqual([...names(1, 1), '\0\0\0', ...names(2, 2)])
  })

  it('says how much waits while nobody takes it', async () => {
    const content = numbered(1, 1000)
    writeFileSync(log, content)
    const reading = test.read({ chunkBytes: 4096 })
    await reading.untilLines(1)
    const end = reading.lines.reduce((bytes, line) => bytes + line.length + 1, 0)
    expect(reading.follower.behind).toBe(content.length - end)
    expect(reading.follower.bytesRead).toBe(4096)
  })
})

describe('rotation', () => {
  it('by renaming loses nothing, also what is written to the old file after the new one was created', async () => {
    writeFileSync(log, numbered(1, 2))
    const reading = await test.read().untilQuiet()
    renameSync(log, `${log}.1`)
    writeFileSync(log, '')
    await reading.untilQuiet()
    appendFileSync(`${log}.1`, numbered(3, 4))
    await reading.untilQuiet()
    appendFileSync(`${log}.1`, 'line 5 of a log that is')
    appendFileSync(log, numbered(6, 7))
    appendFileSync(`${log}.1`, ' followed\n')
    await reading.untilLines(7)
    expect(reading.lines).toEqual(names(1, 7))
    expect(reading.finished).toEqual([log])
  })

  it('by renaming twice while nothing is read leaves no file out', async () => {
    writeFileSync(log, numbered(1, 400))
    const reading = test.read({ chunkBytes: 1024 })
    await reading.untilLines(1)
    renameSync(log, `${log}.1`)
    writeFileSync(log, numbered(401, 800))
    renameSync(`${log}.1`, `${log}.2`)
    renameSync(log, `${log}.1`)
    writeFileSync(log, numbered(801, 1000))
    await reading.untilLines(1000)
    expect(reading.lines).toEqual(names(1, 1000))
  })

  it('by copying and truncating loses nothing, also what was not read before', async () => {
    writeFileSync(log, numbered(1, 2))
    const reading = await test.read().untilQuiet()
    appendFileSync(log, numbered(3, 4))
    copyFileSync(log, `${log}.1`)
    truncateSync(log)
    appendFileSync(log, numbered(5, 5))
    await reading.untilLines(5)
    expect((await reading.untilQuiet()).lines).toEqual(names(1, 5))
    expect(reading.lost).toEqual([])
  })

  it('by copying and truncating goes on with an unfinished line in the copy', async () => {
    writeFileSync(log, `${numbered(1, 1)}line 2 of a log`)
    const reading = await test.read().untilQuiet()
    appendFileSync(log, ' that is followed\n')
    copyFileSync(log, `${log}.1`)
    truncateSync(log)
    await reading.untilQuiet()
    appendFileSync(log, numbered(3, 3))
    await reading.untilLines(3)
    expect(reading.lines).toEqual(names(1, 3))
  })

  it('reads late lines of a file that was left, and goes on with the new one', async () => {
    writeFileSync(log, numbered(1, 2))
    const reading = await test.read().untilQuiet()
    renameSync(log, `${log}.1`)
    writeFileSync(log, `${numbered(3, 3)}line 5 of a`)
    await reading.untilLines(3)
    await reading.untilQuiet()
    appendFileSync(`${log}.1`, numbered(4, 4))
    await reading.untilLines(4)
    appendFileSync(log, ' log that is followed\n')
    await reading.untilLines(5)
    expect((await reading.untilQuiet()).lines).toEqual(names(1, 5))
  })

  it('and compression of the file that is being read loses and repeats nothing', async () => {
    const first = numbered(1, 500)
    writeFileSync(log, first)
    const reading = test.read({ chunkBytes: 1024 })
    await reading.untilLines(1)
    renameSync(log, `${log}.1`)
    writeFileSync(log, numbered(501, 510))
    writeFileSync(`${log}.1.gz`, gzipSync(first))
    unlinkSync(`${log}.1`)
    await reading.untilLines(510)
    expect((await reading.untilQuiet()).lines).toEqual(names(1, 510))
  })
})

describe('a log that is damaged under the reader', () => {
  it('is read to its end when it is deleted, and anew when it is created again', async () => {
    const content = numbered(1, 300)
    writeFileSync(log, content)
    const reading = test.read({ chunkBytes: 1024 })
    await reading.untilLines(1)
    unlinkSync(log)
    await reading.untilQuiet()
    expect(reading.lines).toEqual(names(1, 300))
    writeFileSync(log, numbered(301, 302))
    await reading.untilLines(302)
    expect((await reading.untilQuiet()).lines).toEqual(names(1, 302))
  })

  it('is read anew when it was emptied, and what is lost by that is said', async () => {
    writeFileSync(log, numbered(1, 300))
    const reading = test.read({ chunkBytes: 1024 })
    await reading.untilLines(1)
    const taken = reading.lines.length
    truncateSync(log)
    appendFileSync(log, numbered(301, 302))
    await reading.untilQuiet()
    const whole = reading.lines.filter((line) => !line.endsWith('…'))
    expect(whole).toEqual([...names(1, taken), ...names(301, 302)])
    expect(reading.lost).toEqual([numbered(1, 300).length - 1024])
  })

  it('is read anew when it was emptied after all had been read, without a complaint', async () => {
    writeFileSync(log, numbered(1, 3))
    const reading = await test.read().untilQuiet()
    truncateSync(log)
    await reading.untilQuiet()
    appendFileSync(log, numbered(4, 9))
    await reading.untilLines(9)
    expect(reading.lines).toEqual(names(1, 9))
    expect(reading.lost).toEqual([])
  })

  it('is read again from its beginning when its end was cut off', async () => {
    writeFileSync(log, numbered(1, 100))
    const reading = await test.read().untilQuiet()
    truncateSync(log, numbered(1, 50).length)
    await reading.untilQuiet()
    expect(reading.shrunk).toEqual([log])
    expect(reading.lines).toEqual([...names(1, 100), ...names(1, 50)])
  })
})

describe('catching up', () => {
  it('reads numbered predecessors, plain and compressed, the oldest first, then the log', async () => {
    writeFileSync(`${log}.10.gz`, gzipSync(numbered(1, 2)))
    writeFileSync(`${log}.9.zst`, zstdCompressSync(numbered(3, 4)))
    writeFileSync(`${log}.2.gz`, gzipSync(numbered(5, 2000)))
    writeFileSync(`${log}.1`, numbered(2001, 2003))
    writeFileSync(log, numbered(2004, 2004))
    writeFileSync(join(directory, 'mail.err'), numbered(1, 1))
    writeFileSync(join(directory, 'mail.log.swp'), numbered(1, 1))
    const reading = await test.read().untilQuiet()
    expect(reading.lines).toEqual(names(1, 2004))
    expect(reading.errors).toEqual([])
    expect(reading.follower.behind).toBe(0)
  })

  it.each([
    ['behind the name', (date: string) => `mail.log-${date}`],
    ['before the extension', (date: string) => `mail-${date}.log`],
  ])('reads predecessors with a date %s in the order of the dates, whenever they were written', async (_, name) => {
    for (const [index, date] of ['20261120', '20261121', '2026112205', '20261123'].entries()) {
      const path = join(directory, name(date))
      writeFileSync(
        index === 0 ? `${path}.gz` : path,
        index === 0 ? gzipSync(numbered(1, 1)) : numbered(index + 1, index + 1),
      )
      utimesSync(index === 0 ? `${path}.gz` : path, 1_800_000_000 - index, 1_800_000_000 - index)
    }
    writeFileSync(log, numbered(5, 5))
    expect((await test.read().untilQuiet()).lines).toEqual(names(1, 5))
  })

  it('goes by the time of change where numbers and dates are mixed', async () => {
    for (const [index, name] of ['mail.log.2', 'mail.log-20261124', 'mail.log.1'].entries()) {
      writeFileSync(join(directory, name), numbered(index + 1, index + 1))
      utimesSync(join(directory, name), 1_800_000_000 + index, 1_800_000_000 + index)
    }
    expect((await test.read().untilQuiet()).lines).toEqual(names(1, 3))
  })

  it('reads a content that lies there plain and compressed once', async () => {
    const content = numbered(1, 100)
    writeFileSync(`${log}.1`, content)
    writeFileSync(`${log}.1.gz`, gzipSync(content))
    writeFileSync(`${log}.2.zst`, zstdCompressSync(content))
    writeFileSync(log, numbered(101, 102))
    expect((await test.read().untilQuiet()).lines).toEqual(names(1, 102))
  })

  it('reads on in a log whose every name has a date', async () => {
    writeFileSync(join(directory, 'mail-20261124.log'), numbered(1, 2))
    const reading = await test.read().untilQuiet()
    appendFileSync(join(directory, 'mail-20261124.log'), numbered(3, 3))
    await reading.untilLines(3)
    writeFileSync(join(directory, 'mail-20261125.log'), numbered(4, 5))
    await reading.untilLines(5)
    expect(reading.lines).toEqual(names(1, 5))
  })

  it('reads what a compressed file holds before its damage, says so, and goes on', async () => {
    const whole = gzipSync(Buffer.from(numbered(1, 20_000)), { level: 1 })
    writeFileSync(`${log}.1.gz`, whole.subarray(0, whole.length / 2))
    writeFileSync(log, numbered(1, 3))
    const reading = await test.read().untilQuiet()
    expect(reading.lines.slice(-3)).toEqual(names(1, 3))
    expect(reading.lines.slice(0, -3)).toEqual(names(1, reading.lines.length - 3))
    expect(reading.lines.length).toBeGreaterThan(100)
    expect(reading.errors.map(({ code }) => code)).toEqual(['cut_off'])
    writeFileSync(`${log}.1.gz`, whole)
    await reading.untilQuiet()
    expect(reading.lines.filter((line) => line === names(20_000, 20_000)[0])).toHaveLength(1)
    expect(new Set(reading.lines).size + 3).toBe(reading.lines.length)
    expect(reading.errors).toEqual([])
  })
})

describe('a file that cannot be read', () => {
  it('is named, and read as soon as it can be', async () => {
    mkdirSync(log)
    const reading = test.read()
    expect((await reading.untilError())?.code).toBe('is_directory')
    rmdirSync(log)
    writeFileSync(log, numbered(1, 1))
    await reading.untilLines(1)
    expect((await reading.untilQuiet()).errors).toEqual([])
  })

  it('does not keep the others of its log from being read', async () => {
    writeFileSync(`${log}.1.bz2`, 'BZh91AY&SY')
    writeFileSync(`${log}.2`, numbered(1, 1))
    writeFileSync(log, numbered(2, 2))
    const reading = await test.read().untilQuiet()
    expect(reading.lines).toEqual(names(1, 2))
    expect(reading.errors.map(({ code, source }) => [code, source])).toEqual([['unsupported_format', `${log}.1.bz2`]])
  })

  it('is not waited for when it is a pipe', async () => {
    execFileSync('mkfifo', [log])
    expect((await test.read().untilError())?.message).toContain('no file that can be read again')
  })
})

describe('after a restart', () => {
  const content = numbered(1, 100)
  const offsetOf = (line: number): number => numbered(1, line - 1).length

  it('lines that were emitted are read again from where it is asked, then reading goes on', async () => {
    writeFileSync(log, content)
    const reading = test.read({ known: [known(log, offsetOf(51), offsetOf(41), content)], chunkBytes: 64 })
    await reading.untilQuiet()
    expect(reading.again).toEqual(names(41, 50))
    expect(reading.rebuilt).toBe(1)
    expect(reading.lines).toEqual(names(51, 100))
    expect(reading.blocks[0]).toBe(`${log}@${offsetOf(41)}`)
  })

  it.each([
    ['renamed', () => renameSync(log, `${log}.1`)],
    ['renamed and compressed', () => compress(`${log}.1.gz`)],
    ['compressed by another', () => compress(`${log}.2.zst`)],
    ['copied and emptied', () => copyAndEmpty()],
  ])('a file that was %s meanwhile is known again', async (_, rotate) => {
    writeFileSync(log, content)
    const before = known(log, offsetOf(51), offsetOf(41), content)
    rotate()
    appendFileSync(log, numbered(101, 110))
    const reading = await test.read({ known: [before] }).untilQuiet()
    expect(reading.again).toEqual(names(41, 50))
    expect(reading.lines).toEqual(names(51, 110))
    expect(reading.rebuilt).toBe(1)
  })

  function copyAndEmpty(): void {
    copyFileSync(log, `${log}.1`)
    truncateSync(log)
  }

  function compress(to: string): void {
    writeFileSync(to, to.endsWith('gz') ? gzipSync(content) : zstdCompressSync(content))
    unlinkSync(log)
  }

  it('lines are read again in the predecessor too, before any that are new', async () => {
    writeFileSync(`${log}.1`, content)
    writeFileSync(log, numbered(101, 120))
    const files = [
      known(log, numbered(101, 110).length, 0, numbered(101, 120)),
      known(`${log}.1`, content.length, offsetOf(91), content),
    ]
    const reading = await test.read({ known: files }).untilQuiet()
    expect(reading.again).toEqual(names(91, 110))
    expect(reading.lines).toEqual(names(111, 120))
  })

  it('a compressed predecessor that was read to its end is left alone', async () => {
    const bytes = gzipSync(content)
    writeFileSync(`${log}.1.gz`, bytes)
    writeFileSync(log, numbered(101, 101))
    const done = { ...known(`${log}.1.gz`, content.length, content.length, content), size: bytes.length }
    const reading = await test.read({ known: [done] }).untilQuiet()
    expect(reading.lines).toEqual(names(101, 101))
    expect(reading.follower.bytesRead).toBe(numbered(101, 101).length)
  })

  it('a position beyond the end of its file is not believed', async () => {
    writeFileSync(log, content)
    const reading = await test
      .read({
        known: [known(log, 10 * content.length, content.length, content)],
      })
      .untilQuiet()
    expect(reading.shrunk).toEqual([log])
    expect(reading.lines).toEqual(names(1, 100))
    expect(reading.again).toEqual([])
  })

  it('a file with the inode of another that was read is not taken for it', async () => {
    writeFileSync(log, content)
    const other = known(log, offsetOf(51), offsetOf(41), 'Nov 25 other content\n')
    const reading = await test.read({ known: [other] }).untilQuiet()
    expect(reading.lines).toEqual(names(1, 100))
    expect(reading.follower.files.filter((file: LogFile) => file.member === null)).toHaveLength(1)
  })

  it('a log that cannot be read yet is waited for, so that open sessions are found again', async () => {
    writeFileSync(log, content)
    const before = known(log, offsetOf(51), offsetOf(41), content)
    renameSync(log, `${log}~`)
    mkdirSync(log)
    const reading = await test.read({ known: [before] }).untilQuiet()
    expect(reading.rebuilt).toBe(0)
    rmdirSync(log)
    renameSync(`${log}~`, log)
    await reading.untilLines(50)
    expect(reading.again).toEqual(names(41, 50))
  })
})
