import { describe, expect, it } from 'vitest'
import { parametersOf } from './parameters.ts'
import { QUESTIONS, type Question } from './questions.ts'

const NOW = Date.UTC(2026, 10, 25, 23, 59)

function question(name: string): Question {
  const found = QUESTIONS.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(name)
  return found
}

describe('parametersOf', () => {
  it('looks back the days of the question, today included', () => {
    expect(parametersOf(question('downgrades'), [], NOW)).toEqual({
      ok: true,
      values: { since: '2026-11-18', until: '2026-11-26' },
    })
  })

  it('looks back from the end that was given', () => {
    expect(parametersOf(question('downgrades'), ['until=2026-10-01'], NOW)).toMatchObject({
      values: { since: '2026-09-23', until: '2026-10-01' },
    })
  })

  it('makes the sender of an address', () => {
    const given = ['sender=2001:DB8::1', 'since=2026-11-01', 'until=2026-12-01']
    expect(parametersOf(question('sender'), given, NOW)).toEqual({
      ok: true,
      values: { sender: '2001:db8::/64', since: '2026-11-01', until: '2026-12-01' },
    })
  })

  it.each([
    ['weak-peers', ['sinc=2026-11-01'], 'weak-peers takes since, until'],
    ['weak-peers', ['since'], 'write NAME=VALUE'],
    ['weak-peers', ['since=yesterday'], 'since=2026-11-01'],
    ['weak-peers', ['since=2026-02-30'], 'write a day'],
    ['weak-peers', ['since=2026-11-26'], 'not before until=2026-11-26'],
    ['weak-peers', ['since=2026-11-02', 'until=2026-11-01'], 'not before'],
    ['sender', [], 'needs an address'],
    ['sender', ['sender=not/one'], 'this is no prefix'],
    ['sender', ["sender='; DROP TABLE x"], 'no address'],
  ])('says for %s %j what to write', (name, given, words) => {
    const read = parametersOf(question(name), given, NOW)
    expect(read).toMatchObject({ ok: false, message: expect.stringContaining(words) })
  })
})
