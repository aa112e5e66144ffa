import { says, words } from '../../framing/line-bytes.ts'

/** Sentences that name a peer: where its namaddr begins, or -1. */
const NAMING = [
  'lost connection with ',
  'conversation with ',
  'host ',
  'TLS is required, but was not offered by host ',
  'TLS is required, but host ',
].map(words)

export function peerOfSentence(bytes: DataView, from: number, end: number): number {
  for (const naming of NAMING) {
    if (says(bytes, from, naming) && from + naming.length < end) return from + naming.length
  }
  return -1
}
