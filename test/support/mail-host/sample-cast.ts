import type { SmtpJob } from './smtp/job.ts'
import type { SinkListener } from './smtp/sink.ts'

/** How a session goes; who has it is the peer's. */
type Play = Omit<SmtpJob, 'from' | 'to'>

/** One of the sample's peers, and what it does in each of its turns. */
interface Part {
  address: string
  domain: string
  /** False where the address has no name: Postfix calls it unknown. */
  named?: boolean
  turns: readonly (readonly Play[])[]
}

/** One turn of a peer: its sessions one after another, at a moment of the sample. */
export interface Turn {
  /** Milliseconds after the start. */
  at: number
  jobs: readonly SmtpJob[]
}

const LENGTH_MS = 150_000

const TLS13: Play = { tls: 'starttls' }
const TLS12: Play = { tls: 'starttls', maxVersion: 'TLSv1.2' }
const TLS10: Play = { tls: 'starttls', minVersion: 'TLSv1', maxVersion: 'TLSv1' }
const CLEAR: Play = { tls: 'none' }
const PROBE: Play = { tls: 'none', mails: 0 }
const TLS_PROBE: Play = { tls: 'starttls', mails: 0 }
const SPOILED: Play = { tls: 'starttls', handshake: 'garbage' }
const RELAY_ATTEMPT: Play = { tls: 'none', rcptTo: 'someone@elsewhere.example' }

const TREES = 'alder birch cedar elm fir hazel juniper larch maple oak pine poplar rowan spruce willow yew'.split(' ')
const STONES = 'amber basalt chalk flint granite marble opal quartz slate topaz'.split(' ')
const RIVERS = ['brook', 'creek', 'ford', 'weir']

const PARTS: readonly Part[] = [
  ...TREES.map((word, index) => ({
    address: `198.51.100.${10 + index}`,
    domain: `${word}.example`,
    turns: times(2 + (index % 4), [{ ...TLS13, mails: 1 + (index % 3) }]),
  })),
  ...STONES.map((word, index) => ({
    address: `192.0.2.${110 + index}`,
    domain: `${word}.example`,
    turns: times(1 + (index % 4), [TLS12]),
  })),
  ...RIVERS.map((word, index) => ({
    address: `2001:db8:${index + 1}::25`,
    domain: `${word}.example`,
    turns: times(3, [TLS13]),
  })),
  // Never says STARTTLS.
  { address: '203.0.113.45', domain: 'lantern.example', turns: times(18, [CLEAR]) },
  // Spoils every handshake, and comes again at once without one.
  { address: '203.0.113.61', domain: 'mallet.example', turns: times(10, [SPOILED, CLEAR]) },
  { address: '203.0.113.77', domain: 'spindle.example', turns: times(9, [TLS10]) },
  // Two machines behind one address: one knows STARTTLS, one does not.
  { address: '203.0.113.90', domain: 'hinge.example', turns: [...times(6, [TLS13]), ...times(4, [CLEAR])] },
  // Too few sessions to say anything about.
  { address: '203.0.113.102', domain: 'thimble.example', turns: times(3, [CLEAR]) },
  { address: '203.0.113.120', domain: 'nameless.example', named: false, turns: times(4, [RELAY_ATTEMPT]) },
  { address: '203.0.113.121', domain: 'survey.example', turns: [[PROBE], [TLS_PROBE], [PROBE], [TLS_PROBE]] },
  { address: '203.0.113.122', domain: 'unnamed.example', named: false, turns: times(3, [TLS13]) },
]

/** Servers that the sample's own users write to. */
export const PARTNERS: readonly (Pick<SinkListener, 'address' | 'name' | 'starttls'> & { domain: string })[] = [
  { address: '198.51.100.201', name: 'mx.partner.example', domain: 'partner.example', starttls: 'offered' },
  { address: '198.51.100.202', name: 'mx.museum.example', domain: 'museum.example', starttls: 'not_offered' },
  { address: '198.51.100.203', name: 'mx.workshop.example', domain: 'workshop.example', starttls: 'broken' },
]

/** Names by address, as the sample's Postfix looks them up. */
export const SAMPLE_NAMES: Readonly<Record<string, string>> = Object.fromEntries([
  ...PARTS.filter(({ named }) => named !== false).map((part) => [part.address, nameOf(part)]),
  ...PARTNERS.map(({ address, name }) => [address, name]),
])

/** Every turn of every peer, spread evenly over the sample and mixed. */
export function sampleTurns(to: { v4: string; v6: string }): Turn[] {
  return PARTS.flatMap((part) => part.turns.map((plays) => ({ part, plays }))).map(({ part, plays }, index) => ({
    // Multiples of the golden ratio, modulo one, fill the interval evenly in an order that looks like none.
    at: Math.round(((index * 0.618_034) % 1) * LENGTH_MS),
    jobs: plays.map((play) => ({
      ...play,
      from: part.address,
      to: part.address.includes(':') ? to.v6 : to.v4,
      helo: nameOf(part),
      mailFrom: `post@${part.domain}`,
    })),
  }))
}

function nameOf(part: Part): string {
  return `mail.${part.domain}`
}

function times(count: number, plays: readonly Play[]): (readonly Play[])[] {
  return Array.from({ length: count }, () => plays)
}
