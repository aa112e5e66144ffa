import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { lineBlocks, MAX_LINE_BYTES } from '../inputs/line-blocks.ts'
import { deadLetter, letterShape } from './dead-letter.ts'

const facts = { collector: 'c1', sourceName: 'mail.log', diedAt: 1 }

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest().subarray(0, 16).toString('hex')
}

describe('deadLetter', () => {
  it('has the hash of the line’s bytes and its place, not its text', () => {
    const text = 'before\nH\u00e9llo W0rld!\nafter'
    const letter = deadLetter(
      { reason: 'unparsed', source: '0:mail.log', offset: 70, text, start: 7, end: 19, refused: null },
      facts,
    )
    expect(letter).toMatchObject({
      reason: 'unparsed_line',
      stage: 'parsing',
      source_name: 'mail.log',
      source_offset: 70,
      length: 12,
      shape: 'a?aaa a9aaa!',
      detail: '',
    })
    expect(Buffer.from(letter.hash).toString('hex')).toBe(hashOf(Buffer.from('H\u00e9llo W0rld!', 'latin1')))
  })

  it.each([
    ['in one chunk', 1 << 20, MAX_LINE_BYTES + 1],
    ['one byte at a time over the limit', 1, MAX_LINE_BYTES + 1],
    ['in many chunks', 1000, 3 * MAX_LINE_BYTES],
    ['in many chunks, without an end', 1000, 2 * MAX_LINE_BYTES],
  ])('of a line too long that came %s has the hash of the whole line', async (words, chunk, length) => {
    const line = Buffer.from(Array.from({ length }, (_, at) => 97 + (at % 26)))
    const end = words.includes('without') ? '' : '\nnext line\n'
    async function* chunks(): AsyncGenerator<Buffer> {
      const bytes = Buffer.concat([Buffer.from('first line\n'), line, Buffer.from(end)])
      for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
    }
    const hashes: string[] = []
    for await (const item of lineBlocks('mail.log', chunks())) {
      if (item.kind === 'refused') hashes.push(Buffer.from(item.line.hash).toString('hex'))
    }
    expect(hashes).toEqual([hashOf(line)])
  })
})

describe('letterShape', () => {
  it('is bounded, and shows neither controls nor bytes beyond ASCII', () => {
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
    expect(letterShape(all, 0, all.length)).toMatch(/^[ -~]+$/)
    expect(letterShape('x'.repeat(1000), 0, 1000)).toBe('a'.repeat(256))
    expect(letterShape('abc 123\tdef', 4, 11)).toBe('999?aaa')
  })
})
