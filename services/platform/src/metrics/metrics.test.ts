import { describe, expect, it } from 'vitest'
import { createRegistry, exposeCounters } from './metrics.ts'

const EVENTS = { name: 'received_events_total', help: 'Events taken in.' }

describe('the metrics', () => {
  it('have the process and the version beside the counters of rooms', async () => {
    const text = await createRegistry('1.2.3').metrics()
    expect(text).toContain('tlsrep_build_info{version="1.2.3"} 1')
    expect(text).toContain('process_resident_memory_bytes')
  })

  it('leave out those of the process for which it would have to wake all the time', async () => {
    const text = await createRegistry('0').metrics()
    expect(text).toContain('nodejs_eventloop_lag_seconds ')
    expect(text).not.toContain('nodejs_eventloop_lag_p99_seconds')
  })

  it('are read when somebody asks, and never counted twice', async () => {
    const registry = createRegistry('0')
    const counters = { events: 1 }
    exposeCounters(registry, 'scorer', () => counters, { events: EVENTS })
    await registry.metrics()
    counters.events = 41n as unknown as number
    expect(await registry.metrics()).toContain('tlsrep_received_events_total{component="scorer"} 41')
  })

  it('share a name between components, and between stages of one', async () => {
    const registry = createRegistry('0')
    const errors = (stage: string) => ({ name: 'errors_total', help: 'Errors.', labels: { stage } })
    exposeCounters(registry, 'collector', () => ({ read: 2, sent: 3 }), {
      read: errors('receiving'),
      sent: errors('sending'),
    })
    exposeCounters(registry, 'scorer', () => ({ read: 5 }), { read: errors('receiving') })
    const text = await registry.metrics()
    expect(text).toContain('tlsrep_errors_total{component="collector",stage="receiving"} 2')
    expect(text).toContain('tlsrep_errors_total{component="collector",stage="sending"} 3')
    expect(text).toContain('tlsrep_errors_total{component="scorer",stage="receiving"} 5')
    expect(text.match(/# HELP tlsrep_errors_total/g)).toHaveLength(1)
  })

  it('take a counter by key as one metric with a label, and no more values of it than are good for the monitoring', async () => {
    const registry = createRegistry('0')
    const dead = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`reason${index}`, 1]))
    exposeCounters(registry, 'collector', () => ({ dead }), {
      dead: { name: 'discarded_events_total', help: 'Dead letters.', keyLabel: 'reason' },
    })
    const text = await registry.metrics()
    expect(text).toContain('tlsrep_discarded_events_total{component="collector",reason="reason0"} 1')
    expect(text).toContain('tlsrep_discarded_events_total{component="collector",reason="other"} 10')
    expect(text.match(/^tlsrep_discarded_events_total/gm)).toHaveLength(51)
  })

  it('let gauges go down, and survive a counter that is no number', async () => {
    const registry = createRegistry('0')
    const counters = { open: 7, broken: Number.NaN }
    exposeCounters(registry, 'collector', () => counters, {
      open: { name: 'open_sessions', help: 'Open now.', kind: 'gauge' },
      broken: EVENTS,
    })
    expect(await registry.metrics()).toContain('tlsrep_open_sessions{component="collector"} 7')
    counters.open = 2
    const text = await registry.metrics()
    expect(text).toContain('tlsrep_open_sessions{component="collector"} 2')
    expect(text).toContain('tlsrep_received_events_total{component="collector"} 0')
  })

  it('refuse names that contradict each other', () => {
    const registry = createRegistry('0')
    exposeCounters(registry, 'a', () => ({ n: 1 }), { n: EVENTS })
    expect(() => exposeCounters(registry, 'b', () => ({ n: 1 }), { n: { ...EVENTS, kind: 'gauge' } })).toThrow(
      'counter and a gauge',
    )
    expect(() => exposeCounters(registry, 'b', () => ({ n: 1 }), { n: { ...EVENTS, labels: { stage: 's' } } })).toThrow(
      'two sets of labels',
    )
    expect(() => exposeCounters(registry, 'b', () => ({ n: 1 }), { n: { name: 'events', help: '' } })).toThrow('_total')
  })
})
