import type { TlsNegotiation } from '@tlsrep/schemas'
import { type BlindSpot, BlindSpots } from './blind-spots.ts'
import { type OutcomeRow, OutcomeTable } from './outcome-table.ts'
import { type PeerRow, PeerTable } from './peer-table.ts'

const WORST_PEERS = 20

/** What `tlsrep parse --table` shows, before it is drawn. */
export interface Report {
  outcomes: OutcomeRow[]
  worst_peers: PeerRow[]
  /** Peers that were forgotten to bound memory; the counts of others are lower bounds when it is not 0. */
  peers_forgotten: number
  blind_spots: BlindSpot[]
}

/** Gathers the report while events go by; what it keeps does not grow with the log. */
export class ReportBuilder {
  readonly #outcomes = new OutcomeTable()
  readonly #peers = new PeerTable()
  readonly #blindSpots = new BlindSpots()

  add(event: TlsNegotiation): void {
    this.#outcomes.add(event)
    this.#peers.add(event)
    this.#blindSpots.add(event)
  }

  /** @param handedOver sessions that postscreen passed on to smtpd */
  report(handedOver: number): Report {
    return {
      outcomes: this.#outcomes.rows(),
      worst_peers: this.#peers.worst(WORST_PEERS),
      peers_forgotten: this.#peers.forgotten,
      blind_spots: this.#blindSpots.report(handedOver),
    }
  }
}
