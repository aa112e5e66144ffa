import { collectGarbage } from './collect-garbage.ts'
import type { Actor } from './lifecycle.ts'

export interface Usage {
  /** Milliseconds since 1970 or any other start. */
  at: number
  /** Milliseconds of processor time that the process has used. */
  cpu: number
  /** Bytes of resident memory. */
  resident: number
}

const LOOK_MS = 5000
/** Of a core. Live traffic takes more, and makes V8 collect by itself. */
const RESTING_SHARE = 0.05
/** Less is not worth a collection. */
const WORTH_BYTES = 16 * 1024 * 1024

/** Whether a burst of work is over that has left memory behind: a collection is then worth its while, once. */
export class RestingMemory {
  #before: Usage
  /** What was left after the last collection; before the first, all is worth a look. */
  #resident = 0

  constructor(first: Usage) {
    this.#before = first
  }

  /** @returns whether to collect now */
  look(usage: Usage): boolean {
    const { at, cpu } = this.#before
    this.#before = usage
    const rests = usage.cpu - cpu < RESTING_SHARE * (usage.at - at)
    return rests && usage.resident > this.#resident + WORTH_BYTES
  }

  collected(resident: number): void {
    this.#resident = resident
  }
}

/** Gives memory back whenever the process comes to rest: reading a backlog or a long list leaves behind what V8 has no reason to look at. */
export function givesBackAtRest(): Actor {
  let timer: NodeJS.Timeout | undefined
  return {
    name: 'memory',
    start: async () => {
      const memory = new RestingMemory(usage())
      const look = (): void => {
        if (!memory.look(usage())) return
        collectGarbage()
        memory.collected(process.memoryUsage.rss())
      }
      timer = setInterval(look, LOOK_MS)
    },
    stop: async () => clearInterval(timer),
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { at: performance.now(), cpu: (user + system) / 1000, resident: process.memoryUsage.rss() }
}
