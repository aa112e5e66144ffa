import { describe, expect, it } from 'vitest'
import { drawRows, type RowColumn } from './row-table.ts'

const PLAIN = { width: undefined, rule: false, colour: false }
const COLUMNS: readonly RowColumn[] = [
  { key: 'sender' },
  { key: 'peer_name', wraps: 'anywhere' },
  { key: 'seen', title: 'last\nseen' },
  { key: 'sessions', dispensable: 1 },
  { key: 'domain', dispensable: 2 },
]
const ROW = {
  sender: '2001:db8:1:2::/64',
  peer_name: 'a-long-name-of-a-host.example.org',
  seen: '2026-11-25T12:34:56.789Z',
  sessions: 12,
  domain: 'example.org',
}

describe('drawRows', () => {
  it('leaves out what can be spared where the terminal is narrow, the most dispensable first, and says what', () => {
    const { text, leftOut } = drawRows([ROW], COLUMNS, { width: 60, rule: true, colour: false })
    expect(leftOut).toEqual(['domain'])
    expect(drawRows([ROW], COLUMNS, { width: 50, rule: true, colour: false }).leftOut).toEqual(['domain', 'sessions'])
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  it('breaks names, and never an address or a time', () => {
    const { text } = drawRows([ROW], COLUMNS, { width: 50, rule: false, colour: false })
    expect(text).toContain('2001:db8:1:2::/64')
    expect(text).toContain('2026-11-25 12:34')
    expect(text).not.toContain(ROW.peer_name)
  })

  it('leaves nothing out where no terminal is', () => {
    const { text, leftOut } = drawRows([ROW], COLUMNS, PLAIN)
    expect(leftOut).toEqual([])
    expect(text.split('\n')[0]).toBe(
      'sender             peer name                          last seen         sessions  domain',
    )
  })

  it('shows nothing for null, yes for true, lists with blanks, and days where a day is meant', () => {
    const rows = [{ a: null, b: true, c: ['x', 'y'], d: '2026-11-25T12:34:56.789Z' }]
    const columns = [{ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'd', shows: 'day' }] as const
    expect(drawRows(rows, columns, PLAIN).text.split('\n')[1]).toBe('   yes  x y  2026-11-25')
  })

  it('escapes what a peer may have written: controls, escape sequences, marks that turn text round', () => {
    const { text } = drawRows([{ name: 'a\u001b[2Jb\u202ec\nd' }], [{ key: 'name', wraps: 'anywhere' }], PLAIN)
    expect(text).toBe('name\na\\x1b[2Jb\\u202ec\\x0ad\n')
  })
})
