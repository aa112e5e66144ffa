import type { RowColumn } from '../table/row-table.ts'

/** A ready-made question: a parameterised view of schemas/clickhouse, and how it is asked and shown. */
export interface Question {
  name: string
  /** As a postmaster would ask it. */
  asks: string
  view: string
  /** Parameters of the view beside `since` and `until`, by name: what to write, and an example. */
  parameters: Readonly<Record<string, { type: string; means: string; example: string }>>
  /** Days that are looked back by default. */
  days: number
  /** Columns of the view, in the order in which they are shown. */
  columns: readonly RowColumn[]
}

export const QUESTIONS: readonly Question[] = [
  {
    name: 'tls-shares',
    asks: 'How are sessions and mails shared among no TLS and each version, per day, host and listener?',
    view: 'tls_shares',
    parameters: {},
    days: 7,
    columns: [
      { key: 'day' },
      { key: 'direction' },
      { key: 'host', wraps: 'anywhere', dispensable: 1 },
      { key: 'listener' },
      { key: 'tls', title: 'TLS' },
      { key: 'sessions' },
      { key: 'sessions_percent', title: '%' },
      { key: 'mails' },
      { key: 'mails_percent', title: '%' },
    ],
  },
  {
    name: 'weak-peers',
    asks: 'Who still sends or takes mail in clear or below TLS 1.2, how much, since when, and why?',
    view: 'weak_peers',
    parameters: {},
    days: 30,
    columns: [
      { key: 'direction' },
      { key: 'sender' },
      { key: 'name', wraps: 'anywhere', dispensable: 1 },
      { key: 'domain', wraps: 'anywhere', dispensable: 7 },
      { key: 'why', wraps: 'words' },
      { key: 'in_clear', title: 'in\nclear' },
      { key: 'deprecated', title: 'old\nTLS' },
      { key: 'current', title: 'good\nTLS', dispensable: 3 },
      { key: 'mails', dispensable: 5 },
      { key: 'mails_in_clear', title: 'mails in\nclear', dispensable: 4 },
      { key: 'first_seen', shows: 'day', dispensable: 6 },
      { key: 'last_seen', shows: 'day', dispensable: 2 },
    ],
  },
  {
    name: 'downgrades',
    asks: 'Who downgraded, how often, at how many of our hosts, and was it seen before?',
    view: 'downgrades_by_sender',
    parameters: {},
    days: 7,
    columns: [
      { key: 'sender' },
      { key: 'kind' },
      { key: 'times' },
      { key: 'hosts', dispensable: 2 },
      { key: 'first_at', title: 'first', dispensable: 4 },
      { key: 'last_at', title: 'last' },
      { key: 'mean_seconds_after_failure', title: 'seconds\nafter', dispensable: 3 },
      { key: 'failure_reasons', title: 'failed for', wraps: 'words' },
      { key: 'seen' },
      { key: 'times_before', title: 'times\nbefore', dispensable: 5 },
    ],
  },
  {
    name: 'failures',
    asks: 'What failed and why, was it them or us, and did they go on in clear?',
    view: 'tls_failures',
    parameters: {},
    days: 7,
    columns: [
      { key: 'direction' },
      { key: 'whose' },
      { key: 'failure_reason', title: 'reason', wraps: 'anywhere' },
      { key: 'sender' },
      { key: 'name', wraps: 'anywhere', dispensable: 4 },
      { key: 'sessions' },
      { key: 'then_in_clear', title: 'then in\nclear' },
      { key: 'hosts', dispensable: 2 },
      { key: 'first_at', title: 'first', shows: 'day', dispensable: 6 },
      { key: 'last_at', title: 'last', shows: 'day', dispensable: 3 },
      { key: 'last_words', wraps: 'words', dispensable: 5 },
    ],
  },
  {
    name: 'sender',
    asks: 'What counts for and against one sender, day by day? (`tlsrep explain` says what follows from it.)',
    view: 'sender_timeline',
    parameters: {
      sender: { type: 'String', means: 'an address, or a prefix as it is listed', example: 'sender=203.0.113.45' },
    },
    days: 90,
    columns: [
      { key: 'day' },
      { key: 'direction', dispensable: 3 },
      { key: 'listener', dispensable: 1 },
      { key: 'outcome' },
      { key: 'fault' },
      { key: 'tls_version', title: 'TLS' },
      { key: 'cipher', wraps: 'anywhere', dispensable: 4 },
      { key: 'downgrade', title: 'pair' },
      { key: 'is_excused', title: 'excused', dispensable: 5 },
      { key: 'sessions' },
      { key: 'mails_accepted', title: 'mails\ntaken', dispensable: 2 },
      { key: 'mails_rejected', title: 'mails\nrefused', dispensable: 6 },
      { key: 'mails_in_clear', title: 'in\nclear' },
    ],
  },
]
