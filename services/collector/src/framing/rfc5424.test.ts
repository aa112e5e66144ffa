import { describe, expect, it } from 'vitest'
import { createFramer } from './frame-line.ts'
import { DECEMBER_2026, frameOf } from './test-support.ts'

const HEAD = '<22>1 2026-01-12T00:42:53.123456Z host postfix/smtpd 14020 -'
const BOM = '\u00ef\u00bb\u00bf'

function read(text: string) {
  return frameOf(createFramer(DECEMBER_2026), text)
}

describe('rfc5424', () => {
  it.each([
    [' - connect from unknown[192.0.2.149]', 'connect from unknown[192.0.2.149]'],
    [` - ${BOM}connect`, 'connect'],
    [' -  connect', 'connect'],
    [` -  ${BOM}connect`, 'connect'],
    [' -', ''],
    [' - ', ''],
    [' [x y="z\\]"] text', 'text'],
    [' [x y="a\\"b\\\\"] text', 'text'],
    [' [x y="a] b"] text', 'text'],
    [' [x y="\\n"] text', 'text'],
    [' [x] text', 'text'],
    [' [x y="1" z=""][a@32473 b="] - c"] text', 'text'],
    [' [x y="1"]', ''],
    [' [x y="1"] [not data] text', '[not data] text'],
    [' - Oct  5 23:45:10 other other[1]: text', 'Oct  5 23:45:10 other other[1]: text'],
  ])('reads %s', (tail, message) => {
    expect(read(HEAD + tail)).toEqual({
      time: '2026-01-12T00:42:53.123Z',
      host: 'host',
      program: 'postfix/smtpd',
      pid: 14020,
      message,
    })
  })

  it.each([
    '',
    ' ',
    ' x',
    ' -x',
    ' [',
    ' []',
    ' [ y="1"] text',
    ' [x y] text',
    ' [x y=1] text',
    ' [x y="1] text',
    ' [x y="1\\"] text',
    ' [x y="1" ] text',
    ' [x y="1"]text',
    ' [x y="1"',
    ' [x y="1"][ text',
    ' [x ="1"] text',
    ' [x=] text',
  ])('refuses structured data that is broken: %s', (tail) => {
    expect(read(HEAD + tail)).toBe('no_framing')
  })

  it('has nothing for what is -', () => {
    const frame = read('<22>1 2026-01-12T00:42:53+01:00 - - - - - text')
    expect(frame).toEqual({ time: '2026-01-11T23:42:53.000Z', host: '', program: '', pid: -1, message: 'text' })
  })

  it.each(['main', '12a', '12345678901', '-1'])('takes PROCID %s for no pid', (procid) => {
    expect(read(`<22>1 2026-01-12T00:42:53Z h p ${procid} - - m`)).toMatchObject({ program: 'p', pid: -1 })
  })

  it.each([
    ['<22>1 - host p 1 - - m', 'bad_stamp'],
    ['<22>1 2026-02-30T00:42:53Z host p 1 - - m', 'bad_stamp'],
    ['<22>1 2026-01-12T00:42:53 host p 1 - - m', 'no_framing'],
    ['<22>2 2026-01-12T00:42:53Z host p 1 - - m', 'no_framing'],
    ['1 2026-01-12T00:42:53Z host p 1 - - m', 'no_framing'],
    ['<22>1 2026-01-12T00:42:53Z  p 1 - - m', 'no_framing'],
    ['<22>1 2026-01-12T00:42:53Z host p  - - m', 'no_framing'],
    [`<22>1 2026-01-12T00:42:53Z ${'h'.repeat(256)} p 1 - - m`, 'no_framing'],
    [`<22>1 2026-01-12T00:42:53Z h ${'p'.repeat(256)} 1 - - m`, 'no_framing'],
  ])('refuses %s', (text, reason) => {
    expect(read(text)).toBe(reason)
  })
})
