import { readdirSync, readFileSync } from 'node:fs'

/** One labelled session of a set; see the set's meta.json for the server that wrote the log. */
export interface LabelledSession {
  id: string
  direction: 'inbound' | 'outbound'
  client_ip: string
  server_ip?: string
  behaviour: string
  truth: {
    outcome: string
    mails_plaintext: number
    mails_accepted: number
    starttls_offered?: boolean
    starttls_used?: boolean
    starttls_reply?: number
  }
  from_log: {
    outcome: string
    also_ok: string[]
    lines: number[]
    version?: string
    cipher?: string
  }
}

const FOLDER = new URL('../corpus/', import.meta.url)

export const CORPUS_SETS: readonly string[] = readdirSync(FOLDER).sort()

export function corpusLog(set: string): Buffer {
  return readFileSync(new URL(`${set}/mail.log`, FOLDER))
}

export function corpusSessions(set: string): LabelledSession[] {
  const text = readFileSync(new URL(`${set}/sessions.jsonl`, FOLDER), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LabelledSession)
}

/** Byte offset of each line's first byte, by line number less one. */
export function lineStarts(log: Uint8Array): number[] {
  const starts = [0]
  for (let at = log.indexOf(10); at >= 0; at = log.indexOf(10, at + 1)) starts.push(at + 1)
  return starts
}

/** The lines of a log without their terminators, as latin1. */
export function linesOf(log: Buffer): string[] {
  const lines = log.toString('latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
