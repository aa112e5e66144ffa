import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { callBoundByModes } from '../../../../test/support/bound-by-modes.ts'
import { lastBytesApart, peek } from './byte-chunks.ts'
import { decompressed } from './compression.ts'
import { openFileSource } from './file-source.ts'
import { InputError } from './input-error.ts'

const directory = mkdtempSync(join(tmpdir(), 'tlsrep-input-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
function fileOf(bytes: Uint8Array | string): string {
  const path = join(directory, `log-${files++}`)
  writeFileSync(path, bytes)
  return path
}

const never = new AbortController().signal

interface Reading {
  text: string
  error: InputError | undefined
  bytesRead: number
  size: number | null
}

/** Everything that a source delivers, and how it ended. */
async function readAll(path: string): Promise<Reading> {
  const source = await openFileSource(path, { now: 0 })
  let text = ''
  let error: InputError | undefined
  try {
    for await (const item of source.read(never)) {
      if (item.kind === 'refused') continue
      expect(item.block.offset).toBe(text.length)
      text += item.block.text
    }
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause
    error = cause
  }
  return { text, error, bytesRead: source.bytesRead, size: source.size }
}

async function openError(path: string): Promise<InputError> {
  try {
    await openFileSource(path, { now: 0 })
  } catch (error) {
    if (error instanceof InputError) return error
  }
  throw new Error(`${path} was opened`)
}

/** Long and varied enough for several decompressor buffers. */
const log = Array.from({ length: 30_000 }, (_, line) => `line ${line} says ${(line * 7919) % 10_007}\n`).join('')
const compressors = [
  ['gzip', gzipSync],
  // With a checksum, as the zstd command writes it.
  ['zstd', (bytes: Buffer) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
] as const

describe('openFileSource', () => {
  it('reads a plain file whole, with its size and the time of its last change', async () => {
    const path = fileOf(log)
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    const source = await openFileSource(path, { now: 0 })
    expect(source.size).toBe(log.length)
    expect(source.modifiedAt).toBe(1_700_000_000_000)
    await source.close()
    expect(await readAll(path)).toMatchObject({ text: log, error: undefined, bytesRead: log.length })
  })

  it('reads an empty file as nothing', async () => {
    expect(await readAll(fileOf(''))).toMatchObject({ text: '', error: undefined })
  })

  it('reads a file shorter than any magic number', async () => {
    expect(await readAll(fileOf('x'))).toMatchObject({ text: 'x', error: undefined })
  })

  it('says of a missing file that there is none', async () => {
    const error = await openError(join(directory, 'missing.log'))
    expect(error.code).toBe('not_found')
    expect(error.message).toContain('missing.log')
    expect(error.inTheMiddle).toBe(false)
  })

  it('says of a path below a file that there is no such file', async () => {
    expect((await openError(join(fileOf('x'), 'mail.log'))).code).toBe('not_found')
  })

  it('says of a directory that it is one', async () => {
    expect((await openError(directory)).code).toBe('is_directory')
  })

  it('says of a file without permission who may read it', async () => {
    const path = fileOf('x')
    chmodSync(path, 0)
    const module = new URL('file-source.ts', import.meta.url)
    expect(await callBoundByModes(module, 'openFileSource', path, { now: 0 })).toMatchObject({
      error: { code: 'no_permission', message: expect.stringContaining(`${path}: you may not read this file`) },
    })
  })

  it.each([
    ['little-endian', Buffer.from('\ufeffconnect\n', 'utf16le')],
    ['big-endian', Buffer.from('\ufeffconnect\n', 'utf16le').swap16()],
    ['gzipped', gzipSync(Buffer.from('\ufeffconnect\n', 'utf16le'))],
  ])('refuses UTF-16 text (%s) and says how to convert it', async (_, bytes) => {
    const { error, text } = await readAll(fileOf(bytes))
    expect(text).toBe('')
    expect(error?.code).toBe('utf16')
    expect(error?.message).toContain('iconv')
  })

  it.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41]],
    ['journalctl', [...Buffer.from('LPKSHHRH')]],
  ])('names the command that turns a file it cannot read into one it can (%s)', async (command, magic) => {
    const { error } = await readAll(fileOf(Buffer.from(magic)))
    expect(error?.code).toBe('unsupported_format')
    expect(error?.message).toContain(command)
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const source = await openFileSource(fileOf(log.repeat(8)), { now: 0 })
    let items = 0
    for await (const _ of source.read(stop.signal)) {
      items++
      stop.abort()
    }
    expect(items).toBe(1)
  })
})

describe.each(compressors)('a %s file', (name, compress) => {
  const whole = compress(Buffer.from(log))

  it('is recognised by its content and read as its text', async () => {
    expect(await readAll(fileOf(whole))).toMatchObject({
      text: log,
      error: undefined,
      bytesRead: whole.length,
      size: whole.length,
    })
  })

  it('is read through all its members where several were concatenated', async () => {
    const path = fileOf(Buffer.concat([whole, compress(Buffer.from('two\n')), compress(Buffer.alloc(0)), whole]))
    expect(await readAll(path)).toMatchObject({ text: `${log}two\n${log}`, error: undefined })
  })

  it('is read where it is padded with zeros', async () => {
    expect(await readAll(fileOf(Buffer.concat([whole, Buffer.alloc(40_000)])))).toMatchObject({
      text: log,
      error: undefined,
    })
  })

  it('delivers what was readable before it is cut off in the middle, then says so', async () => {
    const { text, error } = await readAll(fileOf(whole.subarray(0, whole.length >> 1)))
    expect(error?.code).toBe('cut_off')
    expect(error?.inTheMiddle).toBe(true)
    expect(text.length).toBeGreaterThan(log.length / 4)
    expect(log.startsWith(text)).toBe(true)
  })

  it('delivers all its text when only the checksum is cut off or wrong', async () => {
    const wrong = Buffer.from(whole)
    wrong.writeUInt8((wrong.at(-1) ?? 0) ^ 0x55, wrong.length - 1)
    expect(await readAll(fileOf(wrong))).toMatchObject({ text: log, error: { code: 'damaged' } })
    expect(await readAll(fileOf(whole.subarray(0, -1)))).toMatchObject({ text: log, error: { code: 'cut_off' } })
  })

  it('delivers most of what comes before a damage, then says where it is', async () => {
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, whole.length >> 1, (whole.length >> 1) + 64)
    const { text, error } = await readAll(fileOf(damaged))
    expect(error?.code).toBe('damaged')
    expect(text.length).toBeGreaterThan(log.length / 5)
  })

  it('says of a cut-off header that it is cut off', async () => {
    expect((await readAll(fileOf(whole.subarray(0, 5)))).error?.code).toBe('cut_off')
  })

  it('decompresses the same however its bytes and members were cut', async () => {
    const member = fc.string({ maxLength: 300 })
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 4 }), sizes, async (members, cut) => {
        const bytes = Buffer.concat(members.map((text) => compress(Buffer.from(text))))
        const output: Buffer[] = []
        for await (const chunk of decompressed(name, 'log', chunksOf(bytes, cut))) output.push(Buffer.from(chunk))
        expect(Buffer.concat(output).toString()).toBe(members.join(''))
      }),
      { numRuns: 100 },
    )
  })
})

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

it('reads zstd data behind a skippable frame, as parallel compressors write them', async () => {
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])
  const bytes = Buffer.concat([
    skippable,
    zstdCompressSync(Buffer.from('one\n')),
    skippable,
    zstdCompressSync(Buffer.from('two\n')),
  ])
  expect(await readAll(fileOf(bytes))).toMatchObject({ text: 'one\ntwo\n', error: undefined })
})

it('does not take zeros in the middle of a damaged file for padding', async () => {
  const whole = gzipSync(Buffer.from(log))
  const damaged = Buffer.from(whole)
  damaged.fill(0, whole.length >> 1)
  expect((await readAll(fileOf(damaged))).error?.code).toMatch(/damaged|cut_off/)
})

describe('byte streams', () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 })

  it('peek shows the beginning and leaves the stream whole', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, sizes, fc.integer({ min: 0, max: 30 }), async (content, cut, count) => {
        const { head, chunks } = await peek(chunksOf(content, cut), count)
        expect(head.equals(content.subarray(0, count))).toBe(true)
        expect(Buffer.concat(await Array.fromAsync(chunks)).equals(content)).toBe(true)
      }),
    )
  })

  it('lastBytesApart gives the last bytes as one chunk of their own', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (content, cut) => {
        const chunks = await Array.fromAsync(lastBytesApart(chunksOf(content, cut), 8))
        expect(Buffer.concat(chunks).equals(content)).toBe(true)
        expect(chunks.at(-1)?.length ?? 0).toBe(Math.min(8, content.length))
      }),
    )
  })
})
