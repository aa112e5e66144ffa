import { escapeText } from '@tlsrep/platform/log/escape'
import { type Column, drawTable, type TableStyle } from './draw-table.ts'

export type Row = Readonly<Record<string, unknown>>

/** A column of a table whose rows are objects. */
export interface RowColumn {
  key: string
  /** Default: the key, with blanks for underscores. A line feed is where it may be broken. */
  title?: string
  /** `day`: of a time only the day is shown. */
  shows?: 'day'
  wraps?: Column['wraps']
  /** Where a terminal is too narrow for all columns, the highest go first; without a number a column stays. */
  dispensable?: number
}

export interface RowTable {
  text: string
  /** Titles of the columns that there was no room for. */
  leftOut: readonly string[]
}

const NARROWEST = 10
const GAP = 2

/**
 * Draws rows as a table that fits the width of the style: what may be wrapped is, and where that is not enough, columns are left out.
 * Addresses, times and numbers are never broken. Text in rows may be a peer's, and is escaped.
 */
export function drawRows(rows: readonly object[], columns: readonly RowColumn[], style: TableStyle): RowTable {
  const records = rows as readonly Row[]
  const drawn = columns.map((column) => ({
    column,
    title: titleOf(column, style),
    cells: records.map((row) => cellText(row[column.key], column)),
    isNumber: records.every(({ [column.key]: value }) => value === null || typeof value === 'number'),
  }))
  const shown = [...drawn]
  const leftOut: string[] = []
  while (style.width !== undefined && leastWidth(shown) > style.width) {
    const next = mostDispensable(shown.map(({ column }) => column))
    if (next === undefined) break
    leftOut.push(...shown.splice(next, 1).map(({ title }) => title.replaceAll('\n', ' ')))
  }
  const table = shown.map(({ column: { wraps }, title, isNumber }): Column => {
    return { title, align: isNumber ? 'right' : 'left', ...(wraps && { wraps }) }
  })
  const cells = records.map((_, index) => shown.map((column) => column.cells[index] ?? ''))
  return { text: drawTable(table, cells, style), leftOut }
}

function titleOf({ key, title = key.replaceAll('_', ' ') }: RowColumn, { width }: TableStyle): string {
  return width === undefined ? title.replaceAll('\n', ' ') : title
}

function leastWidth(drawn: readonly { column: RowColumn; title: string; cells: readonly string[] }[]): number {
  return drawn.reduce(
    (sum, { column, title, cells }) => {
      const natural = Math.max(...[...title.split('\n'), ...cells].map((text) => text.length))
      return sum + (column.wraps === undefined ? natural : Math.min(natural, NARROWEST))
    },
    GAP * (drawn.length - 1),
  )
}

function mostDispensable(columns: readonly RowColumn[]): number | undefined {
  const ranks = columns.map(({ dispensable = 0 }) => dispensable)
  const highest = Math.max(0, ...ranks)
  return highest === 0 ? undefined : ranks.indexOf(highest)
}

function cellText(value: unknown, column: RowColumn): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'boolean') return value ? 'yes' : ''
  if (typeof value === 'string') return escapeText(shortTime(value, column))
  return Array.isArray(value) ? value.map((part) => cellText(part, column)).join(' ') : String(value)
}

/** RFC 3339 times to the minute, in UTC as they come; other text as it is. */
function shortTime(text: string, { shows }: RowColumn): string {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?$/.test(text)) return text
  return shows === 'day' ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ')
}
