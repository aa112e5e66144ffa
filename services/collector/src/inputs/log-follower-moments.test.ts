import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { names, numbered, useTestLog } from './log-follower.test-support.ts'

/** The directory is looked at only where something speaks for a change: no look by chance makes up for one that is missing. */
const NO_LOOK_BY_TIME = { lookMs: 3_600_000 }

const test = useTestLog()
let log = ''
beforeEach(() => {
  log = test.path
})

describe('a file that is renamed after it was found, before it is opened, is read before any newer one', () => {
  it.each([
    ['nothing stands under its name any more', 4, () => renameSync(`${log}.1`, `${log}.2`)],
    ['its successor stands under its name', 6, () => rotate()],
  ])('where %s', async (_, last, rename) => {
    const reading = await test.read(NO_LOOK_BY_TIME).untilQuiet()
    writeFileSync(`${log}.1`, numbered(1, 2))
    writeFileSync(log, numbered(3, 4))
    reading.afterLook = rename
    await reading.untilQuiet()
    expect(reading.lines).toEqual(names(1, last))
    expect(reading.errors).toEqual([])
  })

  function rotate(): void {
    renameSync(`${log}.1`, `${log}.2`)
    renameSync(log, `${log}.1`)
    writeFileSync(log, numbered(5, 6))
  }

  it('where it is the copy of one that was emptied while it was read', async () => {
    writeFileSync(log, numbered(1, 100))
    const reading = test.read({ ...NO_LOOK_BY_TIME, chunkBytes: 1024 })
    await reading.untilLines(1)
    copyFileSync(log, `${log}.1`)
    truncateSync(log)
    appendFileSync(log, numbered(101, 102))
    reading.afterLook = () => renameSync(`${log}.1`, `${log}.2`)
    await reading.untilQuiet()
    expect(reading.lines).toEqual(names(1, 102))
    expect(reading.lost).toEqual([])
  })
})

describe('what is written to a renamed file after its end was read, while its successor is found, comes before the successor', () => {
  it.each([
    ['that was just read', 'untilLines'],
    ['that was waited on', 'untilQuiet'],
  ] as const)('in a file %s', async (_, before) => {
    writeFileSync(log, numbered(1, 2))
    const reading = test.read(NO_LOOK_BY_TIME)
    await (before === 'untilLines' ? reading.untilLines(2) : reading.untilQuiet())
    renameSync(log, `${log}.1`)
    writeFileSync(log, numbered(4, 5))
    reading.afterLook = () => appendFileSync(`${log}.1`, numbered(3, 3))
    await reading.untilQuiet()
    expect(reading.lines).toEqual(names(1, 5))
  })
})
