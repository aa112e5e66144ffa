import { type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { printRows } from '../output/rows.ts'
import { currentListings } from '../queries/current-listings.ts'
import { currentOverrides } from '../queries/current-overrides.ts'
import type { CommandIo } from './command-io.ts'

export interface ListingsOptions extends AccessOptions {
  json?: boolean
}

const LISTING_COLUMNS = ['sender', 'tier', 'reasons', 'listed_at', 'expires_at', 'effective_sessions', 'lower_bound']
const OVERRIDE_COLUMNS = ['sender', 'action', 'tier', 'until', 'by', 'why', 'created_at']

/**
 * Prints who is listed, the worst first, and the operators' decisions.
 * @returns the exit code
 */
export async function listings(options: ListingsOptions, io: CommandIo): Promise<number> {
  return withAccess(options, io, async ({ clickhouse }) => {
    const listed = await currentListings(clickhouse, io.now())
    if (options.json) {
      await printRows(listed, [], true, io)
      return EXIT.ok
    }
    const overrides = await currentOverrides(clickhouse, io.now())
    if (listed.length === 0) await written(io.stdout, 'Nobody is listed.\n')
    else await printRows(listed.map(rounded), LISTING_COLUMNS, false, io)
    if (overrides.length > 0) {
      await written(io.stdout, "\nOperators' decisions\n")
      await printRows(overrides, OVERRIDE_COLUMNS, false, io)
    }
    return EXIT.ok
  })
}

function rounded<T extends { effective_sessions: number; lower_bound: number }>(listing: T) {
  const { effective_sessions, lower_bound } = listing
  return {
    ...listing,
    effective_sessions: Number(effective_sessions.toFixed(1)),
    lower_bound: Number(lower_bound.toFixed(3)),
  }
}
