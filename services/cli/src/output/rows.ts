import type { CommandIo } from '../commands/command-io.ts'
import { styleFor } from '../table/draw-table.ts'
import { drawRows, type RowColumn } from '../table/row-table.ts'
import { written } from './line-writer.ts'

/** Prints rows: a table for people, NDJSON with `json`. */
export async function printRows(
  rows: readonly object[],
  columns: readonly RowColumn[],
  json: boolean,
  io: CommandIo,
): Promise<void> {
  if (json) {
    await written(io.stdout, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    return
  }
  const { text, leftOut } = drawRows(rows, columns, styleFor(io.stdout, io.env))
  await written(io.stdout, text)
  if (leftOut.length > 0) {
    await written(
      io.stderr,
      `tlsrep: no room here for ${leftOut.join(', ')}; a wider terminal shows more, --json all.\n`,
    )
  }
}
