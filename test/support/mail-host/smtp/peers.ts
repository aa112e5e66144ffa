import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { NumberedJob, NumberedResult } from './client.ts'
import type { SmtpJob, SmtpResult } from './job.ts'

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url))

/** Peers of one mail host: a process in its network has their sessions, as many at once as are asked for. */
export class Peers {
  #start: (argv: readonly string[]) => ChildProcess
  #process: ChildProcess | null = null
  #waiting = new Map<number, PromiseWithResolvers<SmtpResult>>()
  #last = 0

  constructor(start: (argv: readonly string[]) => ChildProcess) {
    this.#start = start
  }

  async run(job: SmtpJob): Promise<SmtpResult> {
    this.#process ??= this.#launch()
    const numbered: NumberedJob = { id: ++this.#last, job }
    const answer = Promise.withResolvers<SmtpResult>()
    this.#waiting.set(numbered.id, answer)
    this.#process.stdin?.write(`${JSON.stringify(numbered)}\n`)
    return answer.promise
  }

  stop(): void {
    this.#process?.kill('SIGKILL')
  }

  #launch(): ChildProcess {
    const child = this.#start([process.execPath, CLIENT])
    if (child.stdout === null) throw new Error('the SMTP client has no standard output')
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { id, result } = JSON.parse(line) as NumberedResult
      this.#waiting.get(id)?.resolve(result)
      this.#waiting.delete(id)
    })
    child.on('error', (error) => this.#fail(error))
    child.on('close', () => this.#fail(new Error('the SMTP client ended')))
    return child
  }

  #fail(error: Error): void {
    for (const answer of this.#waiting.values()) answer.reject(error)
    this.#waiting.clear()
  }
}
