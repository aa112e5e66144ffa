import { describe, expect, it } from 'vitest'
import type { FileSource } from './file-source.ts'
import type { FollowItem } from './follower.ts'
import { lineBlocks } from './line-blocks.ts'
import { StreamFollower } from './stream-follower.ts'

/** A stream that gives what it is told to, when it is told to. */
class TestStream implements FileSource {
  readonly name = 'stdin'
  readonly size = null
  readonly modifiedAt = 0
  bytesRead = 0
  closed = false
  readonly #chunks: (string | Error | null)[] = []
  #wake: () => void = () => {}

  give(chunk: string | Error | null): void {
    this.#chunks.push(chunk)
    this.#wake()
  }

  read() {
    return lineBlocks(this.name, this.#bytes())
  }

  async *#bytes(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk instanceof Error) throw chunk
      if (chunk === null) return
      if (chunk === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      this.bytesRead += chunk.length
      yield Buffer.from(chunk)
    }
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

function follow(): { stream: TestStream; follower: StreamFollower; stop: AbortController } {
  const stream = new TestStream()
  const stop = new AbortController()
  return { stream, follower: new StreamFollower(stream, stop.signal, () => 42), stop }
}

function textOf(item: FollowItem): string {
  return item.kind === 'lines' && item.item.kind === 'lines' ? `${item.item.block.text}@${item.end}` : item.kind
}

describe('StreamFollower', () => {
  it('gives lines as they come, waits no longer than it may, and ends with the stream', async () => {
    const { stream, follower } = follow()
    expect(textOf(await follower.next(1))).toBe('rebuilt')
    expect(textOf(await follower.next(1))).toBe('idle')
    stream.give('one\ntwo\nthr')
    expect(textOf(await follower.next(1000))).toBe('one\ntwo\n@8')
    expect(textOf(await follower.next(1))).toBe('idle')
    stream.give('ee\n')
    expect(textOf(await follower.next(1000))).toBe('three\n@14')
    stream.give('end')
    stream.give(null)
    expect(textOf(await follower.next(1000))).toBe('end@17')
    expect(textOf(await follower.next(1000))).toBe('over')
    expect(follower.bytesRead).toBe(17)
  })

  it('says when lines were received: a stream has no time of change', async () => {
    const { stream, follower } = follow()
    await follower.next(1)
    stream.give('one\n')
    expect(await follower.next(1000)).toMatchObject({ modifiedAt: 42, again: false })
  })

  it('fails as the stream does', async () => {
    const { stream, follower } = follow()
    await follower.next(1)
    stream.give(new Error('broken pipe'))
    await expect(follower.next(1000)).rejects.toThrow('broken pipe')
  })

  it('stops waiting when it is woken or stopped', async () => {
    const { follower, stop } = follow()
    await follower.next(1)
    const woken = follower.next(1_000_000)
    follower.wake()
    expect(textOf(await woken)).toBe('idle')
    const stopped = follower.next(1_000_000)
    stop.abort()
    expect(textOf(await stopped)).toBe('idle')
  })
})
