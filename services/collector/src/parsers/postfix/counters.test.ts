import { describe, expect, it } from 'vitest'
import { lineText } from '../../framing/line-bytes.ts'
import { type Counters, CountersReader, createCounters, readCounters } from './counters.ts'

function read(text: string): [ReturnType<typeof readCounters>, Partial<Counters>] {
  const counters = createCounters()
  const answer = readCounters(`disconnect${text}`, 'disconnect'.length, 'disconnect'.length + text.length, counters)
  return [answer, counters]
}

describe('readCounters', () => {
  it.each<[string, Partial<Counters>]>([
    [' ehlo=1 starttls=0/1 commands=1/2', { helloAll: 1, starttlsOk: 0, starttlsAll: 1, mailAll: -1, commandsAll: 2 }],
    [
      ' ehlo=2 starttls=1 mail=1 rcpt=0/1 data=0/1 quit=1 commands=5/7',
      { starttlsOk: 1, starttlsAll: 1, mailOk: 1, mailAll: 1, dataOk: 0, commandsAll: 7 },
    ],
    [' ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4', { starttlsAll: -1, mailOk: 1, mailAll: 1, dataOk: 0 }],
    [' commands=0/0', { helloAll: 0, starttlsAll: -1, mailAll: -1, commandsAll: 0 }],
    [' quit=1 commands=1', { commandsAll: 1 }],
    [
      ' ehlo=2 starttls=1/2 mail=1 rcpt=1 data=1 quit=1 commands=7/8',
      { starttlsOk: 1, starttlsAll: 2, mailOk: 1, dataOk: 1, commandsAll: 8 },
    ],
    [' ehlo=1 mail=0/1 quit=1 commands=2/3', { mailOk: 0, mailAll: 1 }],
    [' helo=1 mail=1 rcpt=1 data=1 quit=1 commands=5', { helloAll: 1, mailOk: 1 }],
    [' helo=1 ehlo=2 quit=1 commands=4', { helloAll: 3 }],
    [' ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8', { authOk: 1 }],
    [' ehlo=1 auth=0/1 mail=1 rcpt=1 data=1 quit=1 commands=5/6', { authOk: 0 }],
    [' ehlo=2 xclient=1 mail=1 rcpt=1 data=1 quit=1 commands=7', { xclient: true, xforward: false }],
    [' ehlo=1 xclient=0/1 commands=1/2', { xclient: false }],
    [' ehlo=1 xforward=1 mail=1 rcpt=1 data=1 quit=1 commands=6', { xforward: true, xclient: false }],
    [' ehlo=1 mail=1 rcpt=1 bdat=3/4 quit=1 commands=6/7', { bdatOk: 3, bdatAll: 4, dataOk: 0 }],
    [' ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5 notes=bare_lf', { mailOk: 1, commandsAll: 5 }],
    [' ehlo=1 unknown=0/3 commands=1/4', { helloAll: 1, commandsAll: 4 }],
  ])('reads “%s”', (text, expected) => {
    const [answer, counters] = read(text)
    expect(answer).toBe('ok')
    expect(counters).toMatchObject(expected)
  })

  it('finds none in a line of Postfix before 3.0', () => {
    expect(read('')).toEqual(['none', createCounters()])
  })

  it('says of every line that ends before commands= that it was cut', () => {
    const whole = ' ehlo=2 starttls=1 mail=1 rcpt=0/1 data=0/1 quit=1 commands=5/7'
    for (let end = 1; end < whole.indexOf('=5/7') + 2; end++) expect(read(whole.slice(0, end))[0]).toBe('cut')
  })

  it.each([
    ' ehlo',
    ' ehlo=',
    ' ehlo=x commands=1',
    'ehlo=1 commands=1',
    ' ehlo=1/ commands=1',
    ': -1',
    ' notes=bare_lf',
  ])('takes nothing else for counters: “%s”', (text) => {
    expect(read(text)[0]).toBe('cut')
  })

  it('forgets what it read before', () => {
    const counters = createCounters()
    const [first, second] = [' ehlo=1 xclient=1 xforward=1 mail=3 bdat=2 auth=1 data=1 commands=9', ' commands=0/0']
    readCounters(first, 0, first.length, counters)
    readCounters(second, 0, second.length, counters)
    expect(counters).toEqual({ ...createCounters(), commandsAll: 0 })
  })
})

describe('CountersReader', () => {
  it('gives what readCounters gives, at the first time and at every other', () => {
    const reader = new CountersReader()
    const tails = [' ehlo=1 mail=0/1 quit=1 commands=2/3', ' commands=0/0', ' ehlo=1 mail=0/1 quit=1 comm', '', ' x=y']
    for (let round = 0; round < 3; round++) {
      for (const tail of tails) {
        const [answer, counters] = read(tail)
        const text = `disconnect${tail}, and more`
        const got = reader.read(lineText(text), 'disconnect'.length, 'disconnect'.length + tail.length)
        expect(got).toEqual(answer === 'ok' ? counters : answer)
      }
    }
  })
})
