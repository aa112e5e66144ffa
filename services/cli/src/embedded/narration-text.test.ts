import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { describe, expect, it } from 'vitest'
import { dnsblName, dnsblText, listedText, readingText, sessionsText, triesText } from './narration-text.ts'
import { ownCommand, shellWord } from './own-command.ts'
import { reversedName } from './reversed-name.ts'

function config(settings: object = {}): Config {
  const readFile = (): string => JSON.stringify(settings)
  const loaded = loadConfig({ explicitPath: '/c.yaml', cwd: '/', readFile, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

const COUNTS = [
  { direction: 'inbound', outcome: 'negotiated', sessions: 100 },
  { direction: 'inbound', outcome: 'plaintext', sessions: 20 },
  { direction: 'outbound', outcome: 'negotiated', sessions: 3 },
]

describe('sessionsText', () => {
  it('tells a first start from one that went on', () => {
    expect(sessionsText(COUNTS, 123, 200)).toBe(
      'Sessions  123 stored. Inbound: 100 negotiated, 20 plaintext. Outbound: 3 negotiated.\n',
    )
    expect(sessionsText(COUNTS, 0, 200)).toContain('123 stored earlier, nothing new.')
    expect(sessionsText(COUNTS, 5, 200)).toContain('123 stored, 5 of them since this start.')
    expect(sessionsText([], 0, 200)).toContain('none yet')
  })
})

describe('listedText', () => {
  const sender = { sender: '192.0.2.1/32', tier: 'tag', reason: '12 sent mail in clear' }

  it('shows the worst, counts the others and those that operators freed', () => {
    expect(listedText({ shown: [sender, sender], more: 3, allowed: 1, isEmpty: false }, 100)).toBe(
      'Listed    192.0.2.1/32  tag: 12 sent mail in clear\n          192.0.2.1/32  tag: 12 sent mail in clear\n' +
        '          and 3 more. 1 more would be, and is allowed by an operator.\n',
    )
  })

  it('does not speak of evidence where nothing was seen', () => {
    expect(listedText({ shown: [], more: 0, allowed: 0, isEmpty: true }, 100)).toBe('Listed    nobody yet.\n')
    expect(listedText({ shown: [], more: 0, allowed: 0, isEmpty: false }, 100)).toContain('nothing speaks clearly')
  })
})

describe('dnsblText', () => {
  it('says what the code means, and that the cap holds it down', () => {
    const asked = { address: '192.0.2.1', tier: 'reject' }
    expect(dnsblText(asked, ['127.0.0.4'], 100)).toBe(
      'DNSBL     asked just now for 192.0.2.1: 127.0.0.4 (tag: as far as its cap goes)\n',
    )
    expect(dnsblText(asked, ['127.0.0.6'], 100)).toContain('127.0.0.6 (reject)\n')
    expect(dnsblText(null, ['127.0.0.2'], 100)).toContain('its test entry: 127.0.0.2\n')
    expect(dnsblText(null, { failure: 'timeout' }, 100)).toContain('no answer (timeout)')
  })

  it('asks the zone that answers in the mode there is', () => {
    expect(dnsblName(config(), '192.0.2.1/32')).toBe('1.2.0.192.observe.bl.tlsrep.internal')
    expect(dnsblName(config({ publisher: { mode: 'tag' } }), '192.0.2.1/32')).toBe('1.2.0.192.bl.tlsrep.internal')
    expect(dnsblName(config(), null)).toBe('2.0.0.127.bl.tlsrep.internal')
  })
})

describe('triesText', () => {
  const places = { config: config(), http: { host: '::1', port: 1 }, dnsblPort: 2 }
  const command = (subcommand: string): string => `tlsrep ${subcommand} --data d`

  it('gives lines to paste, with a listed sender in them', () => {
    expect(triesText(places, '192.0.2.1/32', command, () => true)).toBe(`
Try, in another terminal in this directory:
  tlsrep explain 192.0.2.1 --data d
  tlsrep listings --data d
  tlsrep query weak-peers --data d
  dig @127.0.0.1 -p 2 1.2.0.192.observe.bl.tlsrep.internal +short
  curl -s http://[::1]:1/v1/listings

`)
  })

  it('says where a program is missing, and asks for nobody where nobody is listed', () => {
    const text = triesText(places, null, command, (program) => program !== 'dig')
    expect(text).toContain('tlsrep doctor --data d')
    expect(text).toContain('2.0.0.127.bl.tlsrep.internal +short   # dig is not installed here')
    expect(triesText({ ...places, dnsblPort: null }, null, command, () => true)).not.toContain('dig')
  })
})

describe('readingText', () => {
  it('tells share, size and the time left in less than 80 columns', () => {
    const text = readingText({ readBytes: 5e11, behindBytes: 5e11, sessions: 123_456_789, seconds: 3600 })
    expect(text).toBe('          50 % of 1.00 TB, 123,456,789 sessions, 1 h 0 min left')
    expect(text.length).toBeLessThan(80)
  })

  it('says what it waits for at the end, and nothing of time before it knows', () => {
    expect(readingText({ readBytes: 10, behindBytes: 0, sessions: 1, seconds: 9 })).toContain('storing the last of it')
    expect(readingText({ readBytes: 0, behindBytes: 0, sessions: 0, seconds: 0 })).toContain('100 %')
  })
})

describe('reversedName', () => {
  it('reverses bytes of IPv4 and nibbles of IPv6 (RFC 5782 sections 2.1 and 2.4)', () => {
    expect(reversedName('192.0.2.99/32')).toBe('99.2.0.192')
    expect(reversedName('2001:db8:1:2::/64')).toBe('0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2')
  })

  it('has no answer for a name', () => {
    expect(() => reversedName('example.org')).toThrow('no address')
  })
})

describe('ownCommand', () => {
  it('is what was typed: through npm, by a name on the path, or by a path', () => {
    expect(ownCommand(['node', '/x/bin/tlsrep.mjs'], { npm_command: 'run-script' }, '/x')).toBe('npx tlsrep')
    expect(ownCommand(['node', '/x/bin/tlsrep.mjs'], { PATH: '/nowhere' }, '/x')).toBe('node bin/tlsrep.mjs')
    expect(ownCommand(['node', '/x y/tlsrep.mjs'], { PATH: '' }, '/z')).toBe("node '/x y/tlsrep.mjs'")
  })

  it('quotes what a shell would take apart', () => {
    expect([shellWord('/a/b-c.yaml'), shellWord("it's $HOME")]).toEqual(['/a/b-c.yaml', `'it'\\''s $HOME'`])
  })
})
