import { describe, expect, it } from 'vitest'
import { lineText } from '../../framing/line-bytes.ts'
import { createNamaddr, scanNamaddr } from './namaddr.ts'

function scan(text: string, from = 0, end = text.length): [string, string, number, string] | false {
  const found = createNamaddr()
  if (!scanNamaddr(lineText(text).bytes, from, end, found)) return false
  const { hostStart, hostEnd, ipStart, ipEnd, port } = found
  return [text.slice(hostStart, hostEnd), text.slice(ipStart, ipEnd), port, text.slice(found.end, end)]
}

describe('scanNamaddr', () => {
  it.each([
    ['unknown[192.0.2.138]', ['unknown', '192.0.2.138', -1, '']],
    ['mail52.sender-a.example[192.0.2.52]', ['mail52.sender-a.example', '192.0.2.52', -1, '']],
    ['v6-1.sender-a.example[2001:db8:1::1]', ['v6-1.sender-a.example', '2001:db8:1::1', -1, '']],
    ['mail.sys4.de[2001:1578:400:111::7]:25', ['mail.sys4.de', '2001:1578:400:111::7', 25, '']],
    ['unknown[2001:db8:54:e136::52fa]:23719 ehlo=1', ['unknown', '2001:db8:54:e136::52fa', 23719, ' ehlo=1']],
    ['[192.0.2.99]:42239', ['', '192.0.2.99', 42239, '']],
    ['mx1.example.org[private/dovecot-lmtp], delay=0', ['mx1.example.org', 'private/dovecot-lmtp', -1, ', delay=0']],
    ['unknown[unknown]', ['unknown', 'unknown', -1, '']],
    ['localhost[fe80::1%eth0]', ['localhost', 'fe80::1%eth0', -1, '']],
  ] as const)('reads %s', (text, parts) => {
    expect(scan(text)).toEqual(parts)
  })

  it.each([
    ['unknown[192.0.2.138]: -1', ': -1'],
    ['unknown[192.0.2.138]: TLSv1.3 with cipher X', ': TLSv1.3 with cipher X'],
    ['unknown[192.0.2.138]:', ':'],
    ['unknown[192.0.2.138]:x', ':x'],
    ['unknown[192.0.2.138]:65536', ':65536'],
  ])('leaves a colon without a port to the sentence: %s', (text, rest) => {
    expect(scan(text)).toEqual(['unknown', '192.0.2.138', -1, rest])
  })

  it.each([
    '',
    'unknown',
    'a b[192.0.2.1]',
    ' unknown[192.0.2.1]',
    'unknown[192.0.2.1',
    'unknown\t[192.0.2.1]',
    'unknown]192.0.2.1[',
    `${'x'.repeat(256)}[192.0.2.1]`,
    `unknown[${'1'.repeat(80)}]`,
  ])('finds none in %.40j', (text) => {
    expect(scan(text)).toBe(false)
  })

  it('takes the first bracket: a host has none', () => {
    expect(scan('evil[203.0.113.9][192.0.2.1]')).toEqual(['evil', '203.0.113.9', -1, '[192.0.2.1]'])
  })

  it('takes a name as long as names may be, and no longer', () => {
    expect(scan(`${'x'.repeat(254)}[192.0.2.1]`)).not.toBe(false)
  })

  it('does not read beyond the end of its line', () => {
    const text = 'unknown[192.0.2.138]:25'
    for (let end = 0; end < 'unknown[192.0.2.138]'.length; end++) expect(scan(text, 0, end)).toBe(false)
    expect(scan(text, 0, text.length - 3)).toEqual(['unknown', '192.0.2.138', -1, ''])
    expect(scan(text, 0, text.length - 1)).toEqual(['unknown', '192.0.2.138', 2, ''])
  })
})
