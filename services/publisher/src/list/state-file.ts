import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import * as z from 'zod'

/** What a publisher has to remember beyond the topics. */
export interface PublisherState {
  /** No sequence number from here up has been given out. */
  sequenceReserved: bigint
  /** What was listed up to this moment (ms since 1970 UTC) passes the gate. */
  gateReleasedBefore: number
}

export interface PublisherStateStore {
  load(): Promise<PublisherState>
  save(state: PublisherState): Promise<void>
}

export const EMPTY_STATE: PublisherState = { sequenceReserved: 0n, gateReleasedBefore: 0 }

const FILE = z.strictObject({
  sequence_reserved: z.string().regex(/^\d{1,19}$/),
  gate_released_before: z.number().int().nonnegative(),
})

/** Keeps the state in a small JSON file, replaced as a whole. */
export function publisherStateFile(path: string): PublisherStateStore {
  return {
    /** @throws OperatorError TLSREP_PUBLISHER_STATE_DAMAGED */
    async load() {
      const text = await readOrNothing(path)
      if (text === undefined) return EMPTY_STATE
      const parsed = FILE.safeParse(jsonOrNothing(text))
      if (!parsed.success) throw damaged(path)
      const { sequence_reserved, gate_released_before } = parsed.data
      return { sequenceReserved: BigInt(sequence_reserved), gateReleasedBefore: gate_released_before }
    },
    async save(state) {
      const facts = { sequence_reserved: `${state.sequenceReserved}`, gate_released_before: state.gateReleasedBefore }
      await mkdir(dirname(path), { recursive: true })
      const file = await open(`${path}.new`, 'w', 0o600)
      try {
        await file.writeFile(`${JSON.stringify(facts)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.new`, path)
    },
  }
}

/** For a publisher without a place to keep files: the clock and the topics have to do. */
export function forgetfulState(): PublisherStateStore {
  return { load: async () => EMPTY_STATE, save: async () => {} }
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function damaged(path: string): OperatorError {
  return new OperatorError({
    code: 'TLSREP_PUBLISHER_STATE_DAMAGED',
    message: "the publisher's state file does not hold what it should",
    where: path,
    remedy: 'Delete the file. The list itself is not in it; a gate that was released has to be released again.',
  })
}
