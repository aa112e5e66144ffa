/** A ready-made question: a parameterised view of schemas/clickhouse, and how it is asked. */
export interface Question {
  name: string
  /** As a postmaster would ask it. */
  asks: string
  view: string
  /** Parameters of the view beside `since` and `until`, by name: what to write, and an example. */
  parameters: Readonly<Record<string, { type: string; means: string; example: string }>>
  /** Days that are looked back by default. */
  days: number
}

export const QUESTIONS: readonly Question[] = [
  {
    name: 'tls-shares',
    asks: 'How are sessions and mails shared among no TLS and each version, per day, host and listener?',
    view: 'tls_shares',
    parameters: {},
    days: 7,
  },
  {
    name: 'weak-peers',
    asks: 'Who still sends or takes mail in clear or below TLS 1.2, how much, since when, and why?',
    view: 'weak_peers',
    parameters: {},
    days: 30,
  },
  {
    name: 'downgrades',
    asks: 'Who downgraded, how often, at how many of our hosts, and was it seen before?',
    view: 'downgrades_by_sender',
    parameters: {},
    days: 7,
  },
  {
    name: 'failures',
    asks: 'What failed and why, was it them or us, and did they go on in clear?',
    view: 'tls_failures',
    parameters: {},
    days: 7,
  },
  {
    name: 'sender',
    asks: 'What counts for and against one sender, day by day? (`tlsrep explain` says what follows from it.)',
    view: 'sender_timeline',
    parameters: {
      sender: { type: 'String', means: 'an address, or a prefix as it is listed', example: 'sender=203.0.113.45' },
    },
    days: 90,
  },
]
