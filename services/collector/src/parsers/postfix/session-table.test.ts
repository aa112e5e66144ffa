import { describe, expect, it } from 'vitest'
import { HostState } from './host.ts'
import { type OpenSession, SessionTable } from './session-table.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

class Table {
  readonly hosts = new Map<string, HostState>()
  readonly cut: string[] = []
  readonly table: SessionTable

  constructor(max = 100) {
    this.table = new SessionTable(max, this.hosts)
  }

  host(name: string, at: number): HostState {
    const host = this.hosts.get(name) ?? new HostState(name, at)
    host.clock = at
    this.hosts.set(name, host)
    return host
  }

  open(name: string, at: number, hostName = 'mx1'): OpenSession {
    const { cut, table } = this
    const session: OpenSession = {
      host: this.host(hostName, at),
      opening: { source: 'mail.log', offset: at },
      lastAt: at,
      silentMore: null,
      silentLess: null,
      cut() {
        cut.push(name)
        table.remove(session)
        table.counts.emitted++
      },
    }
    table.add(session)
    return session
  }
}

describe('SessionTable', () => {
  it('cuts what was silent for more than an hour of its host’s own log, the longest silent first', () => {
    const t = new Table()
    t.open('a', 0)
    const b = t.open('b', 1000)
    t.open('c', 2000)
    t.table.touch(b, 3000)
    t.table.expire(t.host('mx1', HOUR))
    expect(t.cut).toEqual([])
    t.table.expire(t.host('mx1', HOUR + 2500))
    expect(t.cut).toEqual(['a', 'c'])
    t.table.expire(t.host('mx1', HOUR + 3001))
    expect(t.cut).toEqual(['a', 'c', 'b'])
  })

  it('cuts what is left behind by a clock that was set back by more than an hour', () => {
    const t = new Table()
    t.open('a', 2 * HOUR)
    t.table.expire(t.host('mx1', HOUR))
    expect(t.cut).toEqual([])
    t.table.expire(t.host('mx1', HOUR - 1))
    expect(t.cut).toEqual(['a'])
  })

  it('cuts nothing of other hosts', () => {
    const t = new Table()
    t.open('a', 0, 'mx1')
    t.open('b', 0, 'mx2')
    t.table.expire(t.host('mx1', DAY))
    expect(t.cut).toEqual(['a'])
  })

  it('cuts the sessions of a host that is more than a day behind the newest line', () => {
    const t = new Table()
    t.open('a', 0, 'mx1')
    t.open('b', DAY, 'mx2')
    t.table.expireSilentHosts(DAY)
    expect(t.cut).toEqual([])
    t.table.expireSilentHosts(DAY + 1)
    expect(t.cut).toEqual(['a'])
  })

  it('cuts the longest silent of the busy host when it is full', () => {
    const t = new Table(2)
    t.open('a', 0)
    t.open('b', 1)
    t.open('c', 2)
    expect(t.cut).toEqual(['a'])
    expect(t.table.counts).toMatchObject({ opened: 3, emitted: 1, open: 2 })
  })

  it('cuts one of another host when it is full and the busy host has none', () => {
    const t = new Table(2)
    t.open('a', 0, 'mx1')
    t.open('b', 0, 'mx1')
    t.open('c', 0, 'mx2')
    expect(t.cut).toEqual(['a'])
  })

  it('holds at least one, whatever its limit', () => {
    const t = new Table(0)
    t.open('a', 0)
    t.open('b', 0)
    expect(t.cut).toEqual(['a'])
    expect(t.table.counts.open).toBe(1)
  })

  it('cuts all at the end, and the books agree', () => {
    const t = new Table()
    for (const [name, host] of [
      ['a', 'mx1'],
      ['b', 'mx2'],
      ['c', 'mx1'],
    ] as const) {
      t.open(name, 0, host)
    }
    t.table.cutAll()
    expect([...t.cut].sort()).toEqual(['a', 'b', 'c'])
    expect(t.table.counts).toEqual({ opened: 3, emitted: 3, open: 0, handedOver: 0 })
  })

  it('forgets what was removed: it is cut no more, from wherever it stood', () => {
    for (const gone of ['a', 'b', 'c']) {
      const t = new Table()
      const sessions = new Map(['a', 'b', 'c'].map((name) => [name, t.open(name, 0)]))
      const session = sessions.get(gone)
      if (session !== undefined) t.table.remove(session)
      t.table.cutAll()
      expect(t.cut).toEqual(['a', 'b', 'c'].filter((name) => name !== gone))
    }
  })
})
