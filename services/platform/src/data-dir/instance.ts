import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { lockHolder } from './lock.ts'

const INSTANCE_FILE = 'instance.json'
export const LOCK_FOLDER = 'lock'

const addressSchema = z.object({ host: z.string(), port: z.int() })

const instanceSchema = z.object({
  pid: z.int(),
  version: z.string(),
  /** Milliseconds since 1970 UTC. */
  started_at: z.number(),
  /** The configuration file; null where the defaults hold. */
  config: z.string().nullable(),
  /** What it listens on; null where the service is off. Real ports: port 0 of the configuration does not appear here. */
  addresses: z.object({
    http: addressSchema.extend({ tls: z.boolean() }).nullable(),
    dnsbl: addressSchema.nullable(),
    policy_service: z.string().nullable(),
    /** URL of the ClickHouse server, the child or another. */
    clickhouse: z.string().nullable(),
  }),
})

/** What a running instance tells the commands that want to talk to it. No secrets: the file is for its user alone all the same. */
export type Instance = z.infer<typeof instanceSchema>

/** Written whole, so that a reader never sees half of it. */
export async function writeInstance(directory: string, instance: Instance): Promise<void> {
  const draft = join(directory, `${INSTANCE_FILE}.new`)
  await writeFile(draft, `${JSON.stringify(instance, undefined, 2)}\n`, { mode: 0o600 })
  await rename(draft, join(directory, INSTANCE_FILE))
}

export async function removeInstance(directory: string): Promise<void> {
  await rm(join(directory, INSTANCE_FILE), { force: true })
}

/**
 * The instance that runs on a data directory.
 * @returns undefined where none does: also where one was killed and left its file, or is still starting
 */
export async function readInstance(directory: string): Promise<Instance | undefined> {
  const text = await readFile(join(directory, INSTANCE_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const holder = await lockHolder(join(directory, LOCK_FOLDER))
  try {
    const instance = instanceSchema.parse(JSON.parse(text))
    return holder?.pid === instance.pid ? instance : undefined
  } catch {
    return undefined
  }
}
