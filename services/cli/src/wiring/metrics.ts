import { type CollectorCounters, createCollectorCounters } from '@tlsrep/collector/live/counters'
import type { Collector } from '@tlsrep/collector/main'
import { exposeCounters, type MetricDescription } from '@tlsrep/platform/metrics/metrics'
import type { ActionCounters } from '@tlsrep/publisher/outputs/action-tally'
import type { Publisher } from '@tlsrep/publisher/publisher'
import type { Scorer } from '@tlsrep/scorer/scorer'
import type { Registry } from 'prom-client'
import type { ReachedClickHouse } from './clickhouse.ts'
import type { Outputs } from './outputs.ts'

/** What may run in a process; a part that is missing has no metrics. */
export interface Rooms {
  collector?: Collector
  scorer?: Scorer
  publisher?: Publisher
  outputs?: Outputs
  clickhouse?: ReachedClickHouse
}

const received = (help: string): MetricDescription => ({ name: 'received_events_total', help })
const sent = (help: string): MetricDescription => ({ name: 'sent_events_total', help })
const failed = (stage: 'receiving' | 'processing' | 'sending', kind: string): MetricDescription => ({
  name: 'errors_total',
  help: 'What failed and is tried again, or was refused.',
  labels: { stage, kind },
})
const discarded = (reason: string): MetricDescription => ({
  name: 'discarded_events_total',
  help: 'Events seen before, and records that cannot be used.',
  labels: { reason },
})
const action = (name: string): MetricDescription => ({
  name: 'actions_total',
  help: 'What was done to mail.',
  labels: { action: name },
})
const withheld = (name: string): MetricDescription => ({
  name: 'actions_withheld_total',
  help: 'What would have been done if the mode had let it.',
  labels: { action: name },
})

/**
 * Makes the counters of the rooms metrics, under the names that docs/operate.md has. Rooms are looked up at each scrape, so one that starts
 * later shows as soon as it is there.
 */
export function exposeRooms(registry: Registry, rooms: Rooms): void {
  exposeCollector(registry, rooms)
  exposeScorer(registry, rooms)
  exposePublisher(registry, rooms)
  exposeOutputs(registry, rooms)
  exposeClickHouse(registry, rooms)
}

function exposeCollector(registry: Registry, rooms: Rooms): void {
  exposeCounters(registry, 'collector', () => collected(rooms.collector), {
    received_bytes: { name: 'received_bytes_total', help: 'Bytes of log, after decompression.' },
    sent_events: sent('Events that were handed on and are durable.'),
    sent_batches: { name: 'sent_batches_total', help: 'Batches that were handed on and are durable.' },
    repeated_events: discarded('read_again'),
    dead_letters: { name: 'dead_letters_total', help: 'Lines that could not be used.' },
    append_failures: failed('sending', 'append'),
    finished_files: { name: 'finished_files_total', help: 'Files that were read to their end and left.' },
    lost_bytes: { name: 'lost_bytes_total', help: 'Bytes of log that were gone before they were read.' },
    checkpoints_unusable: failed('receiving', 'checkpoint'),
  })
  exposeCounters(registry, 'collector', () => lag(rooms.collector), {
    behind_bytes: { name: 'behind_bytes', help: 'Bytes of log known to wait.', kind: 'gauge' },
    open_sessions: { name: 'open_sessions', help: 'Sessions whose end was not read yet.', kind: 'gauge' },
    emitted_events: { name: 'emitted_events_total', help: 'Sessions whose end was read.' },
  })
}

/** The counters of all inputs together. */
export function collected(collector: Collector | undefined): CollectorCounters {
  const sum = createCollectorCounters()
  for (const { counters } of collector?.inputs ?? []) {
    for (const key of Object.keys(sum) as (keyof CollectorCounters)[]) sum[key] += counters[key]
  }
  return sum
}

export interface Lag {
  behind_bytes: number
  open_sessions: number
  /** Since the start, those of lines that were read again too. */
  emitted_events: number
}

/** How far the inputs are behind, and what they hold. */
export function lag(collector: Collector | undefined): Lag {
  const sum = { behind_bytes: 0, open_sessions: 0, emitted_events: 0 }
  for (const input of collector?.inputs ?? []) {
    for (const { behind, reconciliation } of input.logs()) {
      sum.behind_bytes += behind
      sum.open_sessions += reconciliation.sessions.open
      sum.emitted_events += reconciliation.sessions.emitted
    }
  }
  return sum
}

const SCORER = {
  events_received: received('Events, the repeated ones too.'),
  events_stored: sent('Events stored in ClickHouse.'),
  events_repeated: discarded('repeated'),
  events_dead: discarded('dead'),
  outages: failed('sending', 'clickhouse'),
  pairs_found: { name: 'downgrades_total', help: 'Pairs of a failed handshake and mail in clear.' },
  ranges_recovered: { name: 'ranges_recovered_total', help: 'Batches that an earlier run had begun.' },
  senders_scored: { name: 'senders_scored_total', help: 'Senders scored.' },
  listings_published: {
    name: 'listings_changed_total',
    help: 'Changes of the list.',
    labels: { change: 'published' },
  },
  listings_withdrawn: {
    name: 'listings_changed_total',
    help: 'Changes of the list.',
    labels: { change: 'withdrawn' },
  },
  listings: { name: 'listings', help: 'Senders on the list.', kind: 'gauge' },
} as const satisfies Record<string, MetricDescription>

function exposeScorer(registry: Registry, rooms: Rooms): void {
  const counters = (): Record<keyof typeof SCORER, number> => {
    const all: Readonly<Record<string, number>> = rooms.scorer?.counters ?? {}
    const keys = Object.keys(SCORER) as (keyof typeof SCORER)[]
    return Object.fromEntries(keys.map((key) => [key, all[key] ?? 0])) as Record<keyof typeof SCORER, number>
  }
  exposeCounters(registry, 'scorer', counters, SCORER)
}

const PUBLISHER = {
  listing_records: received('Records of listings and overrides.'),
  publications: sent('States of the list given to the outputs.'),
  output_failures: failed('sending', 'output'),
  bad_records: failed('receiving', 'record'),
  state_failures: failed('processing', 'state'),
  expired: { name: 'listings_expired_total', help: 'Listings that ended by themselves.' },
  gate_held: { name: 'gate_total', help: 'Listings that the gate decided about.', labels: { decision: 'held' } },
  gate_released: {
    name: 'gate_total',
    help: 'Listings that the gate decided about.',
    labels: { decision: 'released' },
  },
  listings: { name: 'listings', help: 'Senders on the list.', kind: 'gauge' },
  overrides: { name: 'overrides', help: "Operators' decisions in force.", kind: 'gauge' },
  held_back_listings: { name: 'held_back_listings', help: 'Listings that the gate holds back.', kind: 'gauge' },
} as const satisfies Record<string, MetricDescription>

function exposePublisher(registry: Registry, rooms: Rooms): void {
  const figures = (): Record<keyof typeof PUBLISHER, number> => {
    const all: Readonly<Record<string, number>> = rooms.publisher?.figures ?? {}
    const keys = Object.keys(PUBLISHER) as (keyof typeof PUBLISHER)[]
    return Object.fromEntries(keys.map((key) => [key, all[key] ?? 0])) as Record<keyof typeof PUBLISHER, number>
  }
  exposeCounters(registry, 'publisher', figures, PUBLISHER)
}

function exposeOutputs(registry: Registry, rooms: Rooms): void {
  exposeCounters(registry, 'policy_service', () => policyFigures(rooms.outputs), {
    requests: received('Questions.'),
    malformed_requests: failed('receiving', 'malformed'),
    slow_clients: failed('sending', 'slow_client'),
    connections_refused: failed('receiving', 'connection_refused'),
    connections: { name: 'connections', help: 'Connections open now.', kind: 'gauge' },
    tagged: action('tag'),
    deferred: action('defer'),
    rejected: action('reject'),
    would_tag: withheld('tag'),
    would_defer: withheld('defer'),
    would_reject: withheld('reject'),
  })
  exposeCounters(registry, 'dnsbl', () => dnsblFigures(rooms.outputs), {
    queries: received('Questions.'),
    malformed: failed('receiving', 'malformed'),
    unsent: failed('sending', 'unsent'),
    failed_open: failed('processing', 'failed_open'),
    tagged: action('tag'),
    deferred: action('defer'),
    rejected: action('reject'),
    would_tag: withheld('tag'),
    would_defer: withheld('defer'),
    would_reject: withheld('reject'),
  })
  exposeCounters(registry, 'files', () => fileFigures(rooms.outputs), {
    writes: sent('States of the list written.'),
    write_failures: failed('sending', 'write'),
    rules: { name: 'rules', help: 'Rules in an access table.', kind: 'gauge', keyLabel: 'file' },
  })
}

function policyFigures({ policyService }: Outputs | Record<string, never> = {}) {
  const counters = policyService?.counters
  return {
    requests: counters?.requests ?? 0,
    malformed_requests: counters?.malformed_requests ?? 0,
    slow_clients: counters?.slow_clients ?? 0,
    connections_refused: counters?.connections_refused ?? 0,
    connections: counters?.connections ?? 0,
    ...actions(counters),
  }
}

function dnsblFigures({ dnsbl }: Outputs | Record<string, never> = {}) {
  const counters = dnsbl?.counters
  return {
    queries: (counters?.queries_udp ?? 0) + (counters?.queries_tcp ?? 0),
    malformed: counters?.malformed ?? 0,
    unsent: counters?.unsent ?? 0,
    failed_open: counters?.failed_open ?? 0,
    ...actions(counters),
  }
}

/** Of all files together, but for what each holds. */
function fileFigures({ files = [] }: Outputs | Record<string, never> = {}) {
  const figures = { writes: 0, write_failures: 0, rules: {} as Record<string, number> }
  for (const { path, counters } of files) {
    figures.writes += counters.writes
    figures.write_failures += counters.write_failures
    figures.rules[path] = counters.rules
  }
  return figures
}

function actions(counters: Readonly<ActionCounters> | undefined): ActionCounters {
  return {
    tagged: counters?.tagged ?? 0,
    deferred: counters?.deferred ?? 0,
    rejected: counters?.rejected ?? 0,
    would_tag: counters?.would_tag ?? 0,
    would_defer: counters?.would_defer ?? 0,
    would_reject: counters?.would_reject ?? 0,
  }
}

function exposeClickHouse(registry: Registry, rooms: Rooms): void {
  const figures = () => {
    const { queries = 0, inserts = 0, inserted_bytes = 0, errors = 0 } = rooms.clickhouse?.clickhouse.counters ?? {}
    const { starts = 0, crashes = 0 } = rooms.clickhouse?.child?.counters ?? {}
    return { queries, inserts, inserted_bytes, errors, starts, crashes }
  }
  exposeCounters(registry, 'clickhouse', figures, {
    queries: { name: 'queries_total', help: 'Queries and commands.' },
    inserts: { name: 'inserts_total', help: 'Inserts.' },
    inserted_bytes: { name: 'sent_bytes_total', help: 'Bytes inserted.' },
    errors: failed('sending', 'query'),
    starts: { name: 'child_starts_total', help: 'Starts of the child server.' },
    crashes: { name: 'child_crashes_total', help: 'Ends of the child server that nobody had asked for.' },
  })
}
