import { escapeText } from '@tlsrep/platform/log/escape'
import type { CommandIo } from '../commands/command-io.ts'
import { type Column, drawTable, styleFor } from '../table/draw-table.ts'
import { written } from './line-writer.ts'

export type Row = Readonly<Record<string, unknown>>

/** Prints rows: a table for people, NDJSON with `json`. Text in them may be a peer's, and is escaped. */
export async function printRows(
  rows: readonly object[],
  columns: readonly string[],
  json: boolean,
  io: CommandIo,
): Promise<void> {
  if (json) {
    await written(io.stdout, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    return
  }
  const records = rows as readonly Row[]
  const shown: Column[] = columns.map((name) => ({
    title: name.replaceAll('_', ' '),
    align: records.every((row) => row[name] === null || typeof row[name] === 'number') ? 'right' : 'left',
    wraps: 'anywhere',
  }))
  const cells = records.map((row) => columns.map((name) => cellText(row[name])))
  await written(io.stdout, drawTable(shown, cells, styleFor(io.stdout, io.env)))
}

/** Times without what they share, nothing for null. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return escapeText(shortTime(value))
  return Array.isArray(value) ? value.map(cellText).join(' ') : String(value)
}

function shortTime(text: string): string {
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/.test(text) ? text.slice(0, 19).replace('T', ' ') : text
}
