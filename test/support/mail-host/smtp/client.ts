// A process in the network of a mail host that plays its peers: one job a line as JSON on standard input, one result a line on
// standard output, in the order in which they end.
import { createInterface } from 'node:readline'
import type { SmtpJob, SmtpResult } from './job.ts'
import { runSession } from './session.ts'

export interface NumberedJob {
  id: number
  job: SmtpJob
}

export interface NumberedResult {
  id: number
  result: SmtpResult
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, job } = JSON.parse(line) as NumberedJob
  void runSession(job).then((result) => {
    const answer: NumberedResult = { id, result }
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  })
})
