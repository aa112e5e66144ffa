import { describe, expect, it } from 'vitest'
import { ReadTrail } from './read-trail.ts'

const SECOND = 1000

/** A trail of one block of 100 bytes a second. */
function trailOf(seconds: number, source = 'a'): ReadTrail {
  const trail = new ReadTrail()
  for (let at = 0; at < seconds; at++) trail.note({ source, offset: at * 100 }, 100, at === 0 ? -Infinity : at * SECOND)
  return trail
}

describe('ReadTrail', () => {
  it('goes back to ten seconds of log before the oldest open session', () => {
    const trail = trailOf(100)
    trail.need([{ source: 'a', offset: 5_050 }])
    expect(trail.resumeFrom('a')).toBe(4_000)
  })

  it('goes back ten seconds too when no session is open', () => {
    const trail = trailOf(100)
    trail.need([])
    expect(trail.resumeFrom('a')).toBe(8_900)
  })

  it('goes by the oldest of several', () => {
    const trail = trailOf(100)
    trail.need([
      { source: 'a', offset: 9_000 },
      { source: 'a', offset: 3_000 },
    ])
    expect(trail.resumeFrom('a')).toBe(2_000)
  })

  it('goes back to the beginning where there are no ten seconds', () => {
    const trail = trailOf(5)
    trail.need([])
    expect(trail.resumeFrom('a')).toBe(0)
  })

  it('goes back into the file before, and needs that no more once it is out of reach', () => {
    const trail = trailOf(20, 'old')
    for (let at = 20; at < 25; at++) trail.note({ source: 'new', offset: (at - 20) * 100 }, 100, at * SECOND)
    trail.need([{ source: 'new', offset: 150 }])
    expect([trail.resumeFrom('old'), trail.resumeFrom('new')]).toEqual([1_100, 0])
    for (let at = 25; at < 40; at++) trail.note({ source: 'new', offset: (at - 20) * 100 }, 100, at * SECOND)
    trail.need([])
    expect([trail.resumeFrom('old'), trail.resumeFrom('new')]).toEqual([undefined, 900])
  })

  it('never moves back', () => {
    const trail = trailOf(100)
    trail.need([])
    trail.need([{ source: 'a', offset: 100 }])
    expect(trail.resumeFrom('a')).toBe(8_900)
  })

  it('is bounded where a stamp of the far future stops the time', () => {
    const trail = new ReadTrail()
    const block = 4 * 1024 * 1024
    for (let at = 0; at < 64; at++) trail.note({ source: 'a', offset: at * block }, block, 1e15)
    trail.need([])
    expect(trail.resumeFrom('a')).toBe(63 * block - 64 * 1024 * 1024)
  })

  it('keeps a bounded number of marks for a session that stays open, and the beginning of each file', () => {
    const trail = new ReadTrail()
    for (let at = 0; at < 50_000; at++) {
      const source = at < 25_000 ? 'a' : 'b'
      trail.note({ source, offset: (at % 25_000) * 100 }, 100, at * SECOND)
    }
    trail.need([{ source: 'a', offset: 0 }])
    expect([trail.resumeFrom('a'), trail.resumeFrom('b')]).toEqual([0, 0])
    trail.need([{ source: 'b', offset: 100 }])
    const from = trail.resumeFrom('a') ?? Number.NaN
    expect(from).toBeGreaterThan(24_000 * 100)
    expect(from).toBeLessThanOrEqual((25_000 - 10) * 100)
  })
})
