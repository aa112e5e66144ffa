import type { AppendBatch } from '@tlsrep/platform/event-log/event-log'
import { describe, expect, it } from 'vitest'
import { OriginalLines } from '../dead-letters/original-lines.ts'
import { createFramer } from '../framing/frame-line.ts'
import type { Follower, FollowItem } from '../inputs/follower.ts'
import type { Learned, Parser } from '../parsers/parser.ts'
import { Appender } from './append.ts'
import { createCollectorCounters } from './counters.ts'
import { LogCollector } from './log-collector.ts'
import { Troubles } from './troubles.ts'

const file = { source: '1:mail.log', name: 'mail.log' }
const learned: Learned = {
  hosts: [{ host: 'mx1', first_line_at: 1, newest_line_at: 2, loss_at: null }],
  listeners: [],
  outbound_peers: [],
  queued_senders: [],
}

function lines(text: string, again: boolean): FollowItem {
  const block = { source: file.source, text, offset: 0 }
  return { kind: 'lines', file, item: { kind: 'lines', block }, end: text.length, modifiedAt: 0, again }
}

/** Runs a collector over given items, and tells what its parser was asked, in order. */
async function story(items: FollowItem[]): Promise<{ told: string[]; appended: AppendBatch[]; error: unknown }> {
  const told: string[] = []
  const appended: AppendBatch[] = []
  const parser = (): Parser => ({
    mta: 'postfix',
    claims: () => true,
    read(line) {
      told.push(line.text.slice(line.message, line.end))
      return 'ignored_other'
    },
    noteLoss() {},
    finish: () => void told.push('finish'),
    sessions: { opened: 0, emitted: 0, open: 0, handedOver: 0 },
    oldestOpen: () => null,
    learned: () => learned,
    restore: (state) => void told.push(`restore ${state.hosts.map(({ host }) => host)}`),
  })
  const follower: Follower = {
    next: async () => items.shift() ?? { kind: 'over' },
    wake() {},
    behind: 0,
    bytesRead: 0,
    close: async () => void told.push('close'),
  }
  const logger = { info() {}, warn() {}, error() {} }
  const troubles = new Troubles(logger, {})
  const counters = createCollectorCounters()
  const { signal } = new AbortController()
  const eventLog = { append: async (batch: AppendBatch) => void appended.push(batch) }
  const collector = new LogCollector({
    collector: 'c1',
    follower,
    framer: createFramer({ zone: 'UTC', notAfter: Date.UTC(2026, 11, 1) }),
    parsers: [parser],
    parserOptions: { collector: 'c1', maxOpenSessions: 10, listenerName: () => undefined },
    checkpoints: null,
    resume: { known: [], learned, newest: null, updatedAt: new Map() },
    resumed: () => void told.push('resumed'),
    appender: new Appender({ eventLog, isOutage: () => false, troubles, counters, signal }),
    originals: new OriginalLines({ directory: '/nonexistent' }),
    troubles,
    counters,
    now: () => 0,
    batchRecords: 10,
    batchMs: 0,
    goesWith: 'key',
  })
  const error = await collector.run(signal).catch((cause: unknown) => cause)
  return { told, appended, error }
}

describe('LogCollector', () => {
  it('puts back what was learned before lines are read again, and once more after them', async () => {
    const { told } = await story([
      lines('Nov 25 03:46:36 mx1 p: again\n', true),
      { kind: 'rebuilt' },
      lines('Nov 25 03:46:37 mx1 p: new\n', false),
    ])
    expect(told).toEqual(['restore mx1', 'again', 'restore mx1', 'resumed', 'new', 'finish', 'close'])
  })

  it('gives the follower back when it fails', async () => {
    const { told, error } = await story([{ kind: 'rebuilt' }, { kind: 'lines' } as FollowItem])
    expect(error).toBeInstanceOf(TypeError)
    expect(told.at(-1)).toBe('close')
  })

  it('buries no line twice that is read again', async () => {
    const { appended } = await story([lines('nonsense\n', true), { kind: 'rebuilt' }, lines('nonsense\n', false)])
    expect(appended.flatMap(({ topic, records }) => records.map(() => topic))).toEqual(['tls.deadletter'])
  })
})
