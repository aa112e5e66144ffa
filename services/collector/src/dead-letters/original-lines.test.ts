import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OriginalLines } from './original-lines.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tlsrep-dead-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const line = (text: string, offset = 0) => ({
  reason: 'no_framing',
  source: 'mail.log',
  offset,
  length: text.length,
  text,
})

function textsIn(path: string): string[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row).text)
}

describe('OriginalLines', () => {
  it('keeps every byte of a line, and shows none that a terminal would obey', async () => {
    const lines = new OriginalLines({ directory: join(directory, 'new', 'data') })
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
    expect(await lines.keep([line(bytes)])).toBeNull()
    expect(textsIn(lines.path)).toEqual([bytes])
    expect(readFileSync(lines.path, 'latin1')).toMatch(/^[\x20-\x7e]+\n$/)
    expect(lines.counters).toEqual({ dead_originals_kept: 1, dead_originals_lost: 0 })
  })

  it('is readable for its owner alone, also when the file had other rights before', async () => {
    const lines = new OriginalLines({ directory })
    writeFileSync(lines.path, '')
    chmodSync(lines.path, 0o644)
    await lines.keep([line('x')])
    expect(statSync(lines.path).mode & 0o777).toBe(0o600)
  })

  it('never takes more than two files of the size given, and drops the oldest lines', async () => {
    const lines = new OriginalLines({ directory, maxBytes: 4000 })
    const count = 500
    for (let at = 0; at < count; at += 50) {
      await lines.keep(Array.from({ length: 50 }, (_, index) => line(`line ${at + index}`, at + index)))
    }
    for (const path of [lines.path, `${lines.path}.1`]) expect(statSync(path).size).toBeLessThanOrEqual(4100)
    const kept = [...textsIn(`${lines.path}.1`), ...textsIn(lines.path)]
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => `line ${count - kept.length + index}`))
    expect(kept.length).toBeGreaterThan(30)
  })

  it('says why it cannot keep lines, counts them, and begins a new row when it can again', async () => {
    const lines = new OriginalLines({ directory })
    symlinkSync('/dev/full', lines.path)
    const error = await lines.keep([line('a'), line('b')])
    expect(error).toMatchObject({ code: 'TLSREP_DEAD_LINES_NOT_KEPT', where: lines.path })
    expect(error?.message).toContain('ENOSPC')
    expect(lines.counters).toEqual({ dead_originals_kept: 0, dead_originals_lost: 2 })
    unlinkSync(lines.path)
    writeFileSync(lines.path, '{"half of a ro')
    expect(await lines.keep([line('c')])).toBeNull()
    expect(readFileSync(lines.path, 'latin1').split('\n')[0]).toBe('{"half of a ro')
    expect(lines.counters.dead_originals_kept).toBe(1)
  })

  it('does not fail for a directory that is none', async () => {
    mkdirSync(join(directory, 'x'))
    writeFileSync(join(directory, 'x', 'data'), '')
    const lines = new OriginalLines({ directory: join(directory, 'x', 'data') })
    expect((await lines.keep([line('a')]))?.code).toBe('TLSREP_DEAD_LINES_NOT_KEPT')
  })
})
