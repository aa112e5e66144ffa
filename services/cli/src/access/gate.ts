import type { Instance } from '@tlsrep/platform/data-dir/instance'
import { httpBase } from './http-base.ts'

const TIMEOUT_MS = 3000

/** Listings that the running instance's gate holds back; 0 where nothing runs or it does not answer. */
export async function heldBackCount(instance: Instance | null): Promise<number> {
  const base = httpBase(instance)
  if (base === null) return 0
  try {
    const response = await fetch(`${base}/v1/gate`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const { count } = (await response.json()) as { count?: unknown }
    return typeof count === 'number' ? count : 0
  } catch {
    return 0
  }
}

/** Says that listings are held back, and how they are let go; empty where none are. */
export async function heldBackText(instance: Instance | null): Promise<string> {
  const count = await heldBackCount(instance)
  if (count === 0) return ''
  const base = httpBase(instance)
  return (
    `tlsrep: the gate holds back ${count === 1 ? 'one of these' : `${count} of these`}: docs/errors/TLSREP_LISTINGS_HELD_BACK.md\n` +
    `        Shown by curl -s ${base}/v1/gate, released by curl -X POST ${base}/v1/gate/release\n`
  )
}
