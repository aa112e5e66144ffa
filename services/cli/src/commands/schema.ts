import { RECORD_NAMES, type RecordName, schemaJson } from '@tlsrep/schemas'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { drawTable, styleFor } from '../table/draw-table.ts'
import type { CommandIo } from './command-io.ts'

export interface SchemaOptions {
  list?: boolean
  json?: boolean
}

/**
 * Prints one Avro schema, or the list of records.
 * @returns the exit code
 */
export async function schema(name: string | undefined, options: SchemaOptions, io: CommandIo): Promise<number> {
  if (options.list || name === undefined) {
    await written(io.stdout, options.json ? listJson() : listText(io))
    return EXIT.ok
  }
  const record = RECORD_NAMES.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  if (record === undefined) {
    await written(
      io.stderr,
      `tlsrep: there is no record ${JSON.stringify(name)}. The records are: ${RECORD_NAMES.join(', ')}\n`,
    )
    return EXIT.usage
  }
  await written(io.stdout, `${JSON.stringify(schemaJson(record), undefined, 2)}\n`)
  return EXIT.ok
}

function listText(io: CommandIo): string {
  const columns = [{ title: 'record' }, { title: 'what it is', wraps: 'words' as const }]
  const rows = RECORD_NAMES.map((name) => [name, summary(name)])
  return drawTable(columns, rows, styleFor(io.stdout, io.env))
}

function listJson(): string {
  return RECORD_NAMES.map((name) => `${JSON.stringify({ name, doc: summary(name) })}\n`).join('')
}

/** The first sentence of the record's documentation. */
function summary(name: RecordName): string {
  const doc = schemaJson(name).doc ?? ''
  return /^.*?\.(?=\s|$)/s.exec(doc)?.[0] ?? doc
}
