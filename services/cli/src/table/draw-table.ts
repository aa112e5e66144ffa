import CliTable from 'cli-table3'

/** How a table may look where it is shown. */
export interface TableStyle {
  /** Columns of the terminal; undefined where lines may have any length. */
  width: number | undefined
  /** A line below the titles. */
  rule: boolean
  colour: boolean
}

export interface Column {
  /** May have lines, where a narrow column has a long title. */
  title: string
  align?: 'left' | 'right'
  /** Where the column may be wrapped when the terminal is narrow: between words, or (names, addresses) anywhere. */
  wraps?: 'words' | 'anywhere'
}

const NARROWEST = 10
const GAP = '  '

/** No lines but one below the titles: a terminal of 80 columns has no room for frames. */
const CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '─',
  'mid-mid': '──',
  right: '',
  'right-mid': '',
  middle: GAP,
}
const PLAIN_CHARS = { ...CHARS, mid: '', 'mid-mid': '' }

/** Looks at where output goes: plain where no terminal is, no colour where NO_COLOR is set. */
export function styleFor(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv): TableStyle {
  const { NO_COLOR = '', TERM } = env
  const terminal = stream.isTTY === true
  return {
    width: terminal ? (stream.columns ?? 80) : undefined,
    rule: terminal,
    colour: terminal && NO_COLOR === '' && TERM !== 'dumb',
  }
}

/** Draws a table that fits the width of the style. Cells must be free of control characters, except for line feeds between lines. */
export function drawTable(columns: readonly Column[], rows: readonly (readonly string[])[], style: TableStyle): string {
  const table = new CliTable({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    colWidths: fittedWidths(columns, rows, style),
    wordWrap: true,
    chars: style.rule ? CHARS : PLAIN_CHARS,
    style: {
      head: style.colour ? ['bold'] : [],
      border: style.colour ? ['gray'] : [],
      'padding-left': 0,
      'padding-right': 0,
      compact: true,
    },
  })
  table.push(
    ...rows.map((row) =>
      row.map((content, index) => ({ content, wrapOnWordBoundary: columns[index]?.wraps !== 'anywhere' })),
    ),
  )
  return `${withoutTrailingBlanks(table.toString())}\n`
}

function withoutTrailingBlanks(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** The natural width of each column; where that is too much, columns of words give way, the widest first. */
function fittedWidths(columns: readonly Column[], rows: readonly (readonly string[])[], style: TableStyle): number[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(longestLine(title), ...rows.map((row) => longestLine(row[index] ?? ''))),
  )
  if (style.width === undefined) return widths
  const gaps = GAP.length * (columns.length - 1)
  let excess = widths.reduce((sum, width) => sum + width, gaps) - style.width
  while (excess > 0) {
    const widest = widestOf(columns, widths)
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
    excess--
  }
  return widths
}

function longestLine(cell: string): number {
  return Math.max(...cell.split('\n').map((line) => line.length))
}

function widestOf(columns: readonly Column[], widths: readonly number[]): number | undefined {
  let widest: number | undefined
  for (const [index, width] of widths.entries()) {
    if (columns[index]?.wraps === undefined || width <= NARROWEST) continue
    if (widest === undefined || width > (widths[widest] ?? 0)) widest = index
  }
  return widest
}
