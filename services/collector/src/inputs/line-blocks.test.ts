import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InputItem } from './input.ts'
import { lineBlocks, MAX_LINE_BYTES } from './line-blocks.ts'

/** Gives chunks as a reader with one buffer does: the bytes of the chunk before are overwritten. */
async function* reusedChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(Math.max(1, ...sizes))
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    const length = bytes.copy(buffer, 0, at, Math.min(bytes.length, at + size))
    yield buffer.subarray(0, length)
    buffer.fill(0x23)
    at += length
  }
}

async function itemsOf(bytes: Buffer, sizes: readonly number[], maxLineBytes?: number): Promise<InputItem[]> {
  const items: InputItem[] = []
  const options = maxLineBytes === undefined ? {} : { maxLineBytes, headBytes: 4 }
  for await (const item of lineBlocks('log', reusedChunks(bytes, sizes), options)) items.push(item)
  return items
}

/** What a consumer sees of the items, without regard to how lines are grouped into blocks. */
function linesOf(items: readonly InputItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'refused') return [`${item.line.offset} refused ${item.line.length} ${item.line.head}`]
    let offset = item.block.offset
    return (item.block.text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((text) => {
      const line = `${offset} ${text}`
      offset += text.length
      return line
    })
  })
}

function expectedLines(bytes: Buffer, maxLineBytes: number): string[] {
  let offset = 0
  return (bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? []).map((text) => {
    const length = text.endsWith('\n') ? text.length - 1 : text.length
    const line = length > maxLineBytes ? `${offset} refused ${length} ${text.slice(0, 4)}` : `${offset} ${text}`
    offset += text.length
    return line
  })
}

const logBytes = fc
  .array(fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 255 }), fc.constant(65)), { maxLength: 200 })
  .map((bytes) => Buffer.from(bytes))

describe('lineBlocks', () => {
  it('gives the same lines, offsets and refusals however the bytes are cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        logBytes,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 4, max: 24 }),
        async (bytes, sizes, maxLineBytes) => {
          expect(linesOf(await itemsOf(bytes, sizes, maxLineBytes))).toEqual(expectedLines(bytes, maxLineBytes))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('gives blocks of whole lines only', async () => {
    const items = await itemsOf(Buffer.from('one\ntwo\nthree\nfour\n'), [6])
    for (const item of items) expect(item.kind === 'lines' && item.block.text.endsWith('\n')).toBe(true)
  })

  it('decodes a chunk of whole lines as one block', async () => {
    const items = await itemsOf(Buffer.from('one\ntwo\nthree\n'), [1024])
    expect(items).toEqual([{ kind: 'lines', block: { source: 'log', text: 'one\ntwo\nthree\n', offset: 0 } }])
  })

  it('keeps a last line without its terminator', async () => {
    expect(linesOf(await itemsOf(Buffer.from('one\ntwo'), [3]))).toEqual(['0 one\n', '4 two'])
  })

  it('gives nothing for a source without bytes', async () => {
    expect(await itemsOf(Buffer.alloc(0), [1])).toEqual([])
  })

  it('decodes every byte to one character, so that offsets are byte offsets', async () => {
    const bytes = Buffer.from('grüße ☃\nnext\n', 'utf8')
    const [first, second] = linesOf(await itemsOf(bytes, [1]))
    expect(first?.length).toBe('0 '.length + Buffer.byteLength('grüße ☃\n'))
    expect(second).toBe(`${Buffer.byteLength('grüße ☃\n')} next\n`)
  })

  it('takes a line of exactly the limit and refuses one of a byte more', async () => {
    const permitted = Buffer.from(`${'x'.repeat(MAX_LINE_BYTES)}\n`)
    const tooLong = Buffer.from(`${'x'.repeat(MAX_LINE_BYTES + 1)}\n`)
    expect((await itemsOf(permitted, [4096])).map(({ kind }) => kind)).toEqual(['lines'])
    expect((await itemsOf(tooLong, [4096])).map(({ kind }) => kind)).toEqual(['refused'])
    expect((await itemsOf(tooLong, [1 << 20])).map(({ kind }) => kind)).toEqual(['refused'])
  })

  it('refuses a line of a mebibyte with its true length, and goes on with the next', async () => {
    const bytes = Buffer.from(`before\n${'x'.repeat(1 << 20)}\nafter\n`)
    const items = await itemsOf(bytes, [65_536])
    expect(items.map(({ kind }) => kind)).toEqual(['lines', 'refused', 'lines'])
    expect(items[1]).toMatchObject({ line: { offset: 7, length: 1 << 20, reason: 'too_long' } })
    expect(items[2]).toMatchObject({ block: { text: 'after\n', offset: 7 + (1 << 20) + 1 } })
  })

  it('skips a line of a gibibyte without keeping it', async () => {
    const chunk = Buffer.alloc(1 << 20, 0x78)
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let turn = 0; turn < 1024; turn++) yield chunk
      yield Buffer.from('\nafter\n')
    }
    const before = process.memoryUsage()
    let highest = 0
    const lengths: number[] = []
    for await (const item of lineBlocks('log', endless())) {
      highest = Math.max(highest, process.memoryUsage().arrayBuffers)
      lengths.push(item.kind === 'refused' ? item.line.length : item.block.text.length)
    }
    expect(lengths).toEqual([1 << 30, 6])
    expect(highest - before.arrayBuffers).toBeLessThan(64 << 20)
  })
})
