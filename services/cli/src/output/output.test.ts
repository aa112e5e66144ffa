import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { LineWriter } from './line-writer.ts'
import { progressText } from './progress.ts'
import { bytesText, durationText, shareText } from './quantities.ts'

/** A stream that keeps what was written, looking at it only after `delay` milliseconds. */
function collector(writes: string[], delay = 0): Writable {
  return new Writable({
    write: (bytes: Buffer, _encoding, done) => {
      const keep = (): void => {
        if (bytes.length > 0) writes.push(bytes.toString())
        done()
      }
      if (delay === 0) keep()
      else setTimeout(keep, delay)
    },
  })
}

describe('LineWriter', () => {
  it('writes every line, in order, in few writes', async () => {
    const writes: string[] = []
    const stream = collector(writes)
    const writer = new LineWriter(stream, new AbortController().signal)
    for (let line = 0; line < 1000; line++) writer.line(`line ${line}`)
    await writer.end()
    expect(writes).toHaveLength(1)
    expect(writes.join('').split('\n')).toEqual([...Array.from({ length: 1000 }, (_, line) => `line ${line}`), ''])
  })

  it('writes any text as UTF-8, also lines longer than a batch', async () => {
    const writes: string[] = []
    const writer = new LineWriter(collector(writes), new AbortController().signal)
    const lines = ['grüße ☃ 🜁', '☃'.repeat(300_000), '', 'x'.repeat(200_000), 'y'.repeat(200_000), 'end']
    for (const line of lines) writer.line(line)
    await writer.end()
    expect(writes.join('') === `${lines.join('\n')}\n`).toBe(true)
  })

  it('keeps what was written as it was while the next lines come', async () => {
    const writes: string[] = []
    const writer = new LineWriter(collector(writes, 5), new AbortController().signal)
    const lines = Array.from({ length: 5000 }, (_, line) => `${line} ${'.'.repeat(500)}`)
    for (const line of lines) writer.line(line)
    await writer.end()
    expect(writes.join('') === `${lines.join('\n')}\n`).toBe(true)
  })

  it('makes its caller wait while the reader is slow', async () => {
    const stream = new PassThrough({ highWaterMark: 8 })
    const writer = new LineWriter(stream, new AbortController().signal)
    writer.line('more than eight bytes')
    const room = writer.flush()
    expect(room).toBeInstanceOf(Promise)
    stream.resume()
    await room
    expect(writer.flush()).toBeUndefined()
  })

  it('waits no longer once the run is interrupted', async () => {
    const interrupt = new AbortController()
    const writer = new LineWriter(new PassThrough({ highWaterMark: 8 }), interrupt.signal)
    writer.line('more than eight bytes')
    const room = writer.flush()
    interrupt.abort()
    await room
  })
})

describe('progressText', () => {
  it('shows share, size, speed and time left in less than 80 columns', () => {
    const text = progressText({ bytes: 1.2e11, lines: 9.9e8, total: 1e12, seconds: 3000 })
    expect(text).toBe('██░░░░░░░░░░░░░░░░░░ 12 % of 1.00 TB, 330,000 lines/s, 6 h 6 min left')
    expect(text.length).toBeLessThan(80)
  })

  it('shows what was read where the size is not known', () => {
    expect(progressText({ bytes: 2_340_000, lines: 10_000, total: null, seconds: 2 })).toBe(
      '2.34 MB read, 5,000 lines/s',
    )
  })

  it('is full for a file without bytes', () => {
    expect(progressText({ bytes: 0, lines: 0, total: 0, seconds: 0 })).toContain('100 %')
  })
})

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [99_960, '100 kB'],
    [999_600, '1.00 MB'],
    [1_234_567_890, '1.23 GB'],
  ])('says %d bytes as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text)
  })

  it('says durations as a person does', () => {
    expect([0.2, 61, 3700].map(durationText)).toEqual(['1 s', '1 min 1 s', '1 h 1 min'])
  })

  it('never shows a share that is there as nothing, nor one short of all as all', () => {
    expect([shareText(1, 100_000), shareText(99_999, 100_000), shareText(1, 8), shareText(0, 0)]).toEqual([
      '< 0.1 %',
      '> 99.9 %',
      '12.5 %',
      '0 %',
    ])
  })
})
