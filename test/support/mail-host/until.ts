import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 50

/**
 * Waits for something that another process brings about.
 * @param what named in the error when it does not come
 * @param look truthy when it is there
 * @returns what `look` found
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  options: { timeout: number },
): Promise<Exclude<T, undefined | null | false | ''>> {
  const deadline = Date.now() + options.timeout
  for (;;) {
    const found = await look()
    if (found) return found as Exclude<T, undefined | null | false | ''>
    if (Date.now() > deadline) throw new Error(`waited ${options.timeout} ms in vain: ${what}`)
    await sleep(POLL_MS)
  }
}
