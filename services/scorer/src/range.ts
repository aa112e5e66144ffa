import { avroContainer, readAvroContainer } from '@tlsrep/platform/event-log/avro-container'
import type { DeliveredBatch } from '@tlsrep/platform/event-log/event-log'
import { fingerprintText, schemaFingerprint } from '@tlsrep/schemas'
import { frameHeader } from '@tlsrep/schemas/framing'
import { createFactReader, type Fact, type FactReaderOptions, type SchemaGroup } from './facts.ts'
import type { PendingInsert } from './pending-ranges.ts'
import type { Store } from './store.ts'

/** What one delivery left to do: its inserts, begun together and done together, and what the scorer knows of their events. */
export interface Range {
  /** Names the offsets that it was taken from, in which log: the beginning of all its tokens. */
  name: string
  /** All that were begun, made or not. */
  inserts: Pick<PendingInsert, 'table' | 'token'>[]
  /** Those that are not made yet. */
  unmade: PendingInsert[]
  facts: Fact[]
}

/**
 * The range of a delivery: one container per writer's schema, since a container can have only one. Its tokens name the exact offsets and
 * the schema, so the same token never stands for other rows: what a later run of the same offsets leaves out is what an earlier one has
 * stored.
 */
export function rangeOf(batch: DeliveredBatch, groups: readonly SchemaGroup[]): Range {
  const offsets = batch.ranges.map(
    ({ partition, firstOffset, lastOffset }) => `${partition}:${firstOffset}-${lastOffset}`,
  )
  const name = `${batch.topic}/${batch.log}/${offsets.join(',')}`
  const inserts = groups.map((group) => ({
    table: 'tls_events' as const,
    token: `${name}/${fingerprintText(group.fingerprint)}`,
    container: avroContainer(group.schema, group.records),
  }))
  return rangeWith(
    name,
    inserts,
    groups.flatMap((group) => group.records.map((record) => record.fact)),
  )
}

/** Makes what is not made yet. Each insert again, under its token, writes only what is missing. */
export async function makeInserts(store: Store, { unmade }: Range): Promise<void> {
  for (let next = unmade[0]; next !== undefined; next = unmade[0]) {
    await store.insertAvro(next.table, next.container, next.token)
    unmade.shift()
  }
}

/** Containers are large: a range keeps them until they are inserted. */
function rangeWith(name: string, unmade: PendingInsert[], facts: Fact[]): Range {
  return { name, inserts: unmade.map(({ table, token }) => ({ table, token })), unmade, facts }
}

/** The name of the range that a token belongs to. */
export function rangeName(token: string): string {
  return token.slice(0, token.lastIndexOf('/'))
}

/** The log and the partitions that a range was taken from, out of its name. */
export function rangeOrigin(name: string): { log: string; partitions: number[] } {
  const [, log = '', offsets = ''] = /^[^/]*\/(.*)\/([^/]*)$/.exec(name) ?? []
  return { log, partitions: offsets.split(',').map((range) => Number(range.split(':', 1)[0])) }
}

/** The ranges that these pending inserts belong to, in their order, with their events read back out of the containers. */
export function rangesOfPending(inserts: readonly PendingInsert[], options: FactReaderOptions): Range[] {
  const byName = Map.groupBy(inserts, ({ token }) => rangeName(token))
  return [...byName].map(([name, own]) => {
    const facts = own.filter(({ table }) => table === 'tls_events').flatMap((insert) => factsOf(insert, options))
    return rangeWith(
      name,
      own.toSorted((a, b) => ORDER[a.table] - ORDER[b.table]),
      facts,
    )
  })
}

/** Pairs are of events that are stored. */
const ORDER: Readonly<Record<PendingInsert['table'], number>> = { tls_events: 0, downgrades: 1 }

function factsOf({ container, token }: PendingInsert, options: FactReaderOptions): Fact[] {
  const { schema, bodies } = readAvroContainer(container)
  const reader = createFactReader({ ...options, olderSchemas: [...(options.olderSchemas ?? []), schema] })
  const header = frameHeader({ kind: 'single_object' }, schemaFingerprint(schema))
  return bodies.map((body) => {
    const decoded = reader.decode(Buffer.concat([header, body]))
    if (!decoded.ok) throw new Error(`pending range ${token} holds a record that cannot be read: ${decoded.detail}`)
    return decoded.value
  })
}
