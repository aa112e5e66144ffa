import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { LogFollower } from './log-follower.ts'
import { logOfPath } from './log-names.ts'

const root = mkdtempSync(join(tmpdir(), 'tlsrep-rotation-'))
afterAll(() => rmSync(root, { recursive: true }))

/** What may befall a log between two looks at it. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), lines: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), items: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'rename' as const }, { do: 'copy' as const }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'gzip' as const }, { do: 'zstd' as const }) },
)

/** A log that is written to and rotated as logrotate does, keeping everything. */
class RotatedLog {
  readonly path = join(mkdtempSync(join(root, 'log-')), 'mail.log')
  readonly written: string[] = []
  #oldest = 0

  write(lines: number): void {
    for (let line = 0; line < lines; line++) {
      const text = `line ${this.written.length} ${'x'.repeat((this.written.length * 7) % 90)}`
      this.written.push(text)
      appendFileSync(this.path, `${text}\n`)
    }
  }

  rotate(how: 'rename' | 'copy'): void {
    if (!existsSync(this.path)) return
    for (let number = this.#oldest; number > 0; number--) {
      for (const ending of ['', '.gz', '.zst']) {
        const from = `${this.path}.${number}${ending}`
        if (existsSync(from)) renameSync(from, `${this.path}.${number + 1}${ending}`)
      }
    }
    this.#oldest++
    if (how === 'rename') renameSync(this.path, `${this.path}.1`)
    else {
      copyFileSync(this.path, `${this.path}.1`)
      truncateSync(this.path)
    }
  }

  compress(how: 'gzip' | 'zstd'): void {
    for (let number = this.#oldest; number > 0; number--) {
      const plain = `${this.path}.${number}`
      if (!existsSync(plain)) continue
      const bytes = readFileSync(plain)
      writeFileSync(
        `${plain}${how === 'gzip' ? '.gz' : '.zst'}`,
        how === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes),
      )
      unlinkSync(plain)
      return
    }
  }
}

describe('a log that is written, rotated and compressed in any order while it is read', () => {
  it('is read whole, in order, and once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const log = new RotatedLog()
        const stop = new AbortController()
        const lost: number[] = []
        const follower = new LogFollower({
          place: logOfPath(log.path),
          known: [],
          signal: stop.signal,
          pollMs: 1,
          lookMs: 3,
          chunkBytes: 512,
          reports: { errors() {}, lost: (_, bytes) => lost.push(bytes), shrunk: () => lost.push(-1) },
        })
        let text = ''
        const take = async (): Promise<boolean> => {
          const item = await follower.next(1)
          if (item.kind === 'lines' && item.item.kind === 'lines') text += item.item.block.text
          return item.kind !== 'idle'
        }
        for (const next of steps) {
          if (next.do === 'write') log.write(next.lines)
          else if (next.do === 'read') for (let item = 0; item < next.items; item++) await take()
          else if (next.do === 'rename' || next.do === 'copy') log.rotate(next.do)
          else log.compress(next.do)
        }
        log.write(1)
        for (let quiet = 0; quiet < 12; ) quiet = (await take()) ? 0 : quiet + 1
        stop.abort()
        await follower.close()
        expect(lost).toEqual([])
        expect(text.split('\n').slice(0, -1)).toEqual(log.written)
      }),
      { numRuns: 60 },
    )
  })
})
