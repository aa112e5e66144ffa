import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK = 1 << 20

/**
 * The peer of the parser: an `indexOf` scanner that joins smtpd's lines by pid and looks for the few words that matter, with no framing,
 * no time, no proof and no account of lines. What it leaves out is what a parser is for; it marks how fast the work could be.
 */
export function scanNaively(path: string): { lines: number; sessions: number } {
  const file = openSync(path, 'r')
  const buffer = Buffer.allocUnsafe(CHUNK)
  const open = new Map<string, { peer: string; tls: string | null; failed: boolean }>()
  let carry = ''
  let lines = 0
  let sessions = 0
  for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
    const text = carry + buffer.toString('latin1', 0, read)
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      lines++
      const line = text.slice(from, end)
      const at = line.indexOf('/smtpd[')
      if (at > 0) {
        const close = line.indexOf(']', at)
        const pid = line.slice(at + 7, close)
        const message = close + 3
        if (line.startsWith('connect from ', message)) {
          open.set(pid, { peer: line.slice(message + 13), tls: null, failed: false })
        } else if (line.startsWith('disconnect from ', message)) {
          if (open.delete(pid)) sessions++
        } else {
          const session = open.get(pid)
          const tls = line.indexOf('TLS connection established', message)
          if (session !== undefined && tls > 0) session.tls = line.slice(line.indexOf(']: ', tls) + 3)
          else if (session !== undefined && line.startsWith('SSL_accept error', message)) session.failed = true
        }
      }
      from = end + 1
    }
    carry = text.slice(from)
  }
  closeSync(file)
  return { lines, sessions }
}
