import { type AccessOptions, withAccess } from '../access/access.ts'
import { heldBackText } from '../access/gate.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { printRows } from '../output/rows.ts'
import { currentListings } from '../queries/current-listings.ts'
import { type CurrentOverride, currentOverrides } from '../queries/current-overrides.ts'
import { type StandingListing, standingListings } from '../queries/standing.ts'
import type { RowColumn } from '../table/row-table.ts'
import type { CommandIo } from './command-io.ts'

export interface ListingsOptions extends AccessOptions {
  /** Prints the operators' decisions in place of the list. */
  decisions?: boolean
  json?: boolean
}

const LISTING_COLUMNS: readonly RowColumn[] = [
  { key: 'sender' },
  { key: 'tier' },
  { key: 'reasons', wraps: 'words' },
  { key: 'listed_at', dispensable: 2 },
  { key: 'expires_at', title: 'ends' },
  { key: 'effective_sessions', title: 'sessions', dispensable: 3 },
  { key: 'lower_bound', title: 'share at\nleast', dispensable: 4 },
  { key: 'operator', wraps: 'words', dispensable: 1 },
]

const DECISION_COLUMNS: readonly RowColumn[] = [
  { key: 'sender' },
  { key: 'action' },
  { key: 'tier' },
  { key: 'until' },
  { key: 'by', wraps: 'anywhere', dispensable: 1 },
  { key: 'why', wraps: 'words' },
  { key: 'created_at', title: 'decided', dispensable: 2 },
]

/**
 * Prints who is listed, the worst first, and the operators' decisions.
 * @returns the exit code
 */
export async function listings(options: ListingsOptions, io: CommandIo): Promise<number> {
  const json = options.json === true
  return withAccess(options, io, async ({ clickhouse, instance }) => {
    const overrides = await currentOverrides(clickhouse, io.now())
    if (options.decisions) {
      await printDecisions(overrides, json, io)
      return EXIT.ok
    }
    const listed = standingListings(await currentListings(clickhouse, io.now()), overrides)
    if (json) {
      await printRows(listed, [], true, io)
      return EXIT.ok
    }
    if (listed.length === 0) await written(io.stdout, 'Nobody is listed.\n')
    else await printRows(listed.map(shownRow), columnsFor(listed), false, io)
    if (overrides.length > 0) {
      await written(io.stdout, "\nOperators' decisions\n")
      await printDecisions(overrides, false, io)
    }
    await written(io.stderr, await heldBackText(instance))
    return EXIT.ok
  })
}

async function printDecisions(overrides: readonly CurrentOverride[], json: boolean, io: CommandIo): Promise<void> {
  if (overrides.length === 0 && !json) await written(io.stdout, 'No decision of an operator holds.\n')
  else await printRows(overrides, DECISION_COLUMNS, json, io)
}

/** What operators decided takes room, so only where they did. */
function columnsFor(listed: readonly StandingListing[]): readonly RowColumn[] {
  return listed.some(({ override }) => override !== null)
    ? LISTING_COLUMNS
    : LISTING_COLUMNS.filter(({ key }) => key !== 'operator')
}

function shownRow({ effective_sessions, lower_bound, override, in_force, ...listing }: StandingListing): object {
  return {
    ...listing,
    effective_sessions: effective_sessions === null ? null : Number(effective_sessions.toFixed(1)),
    lower_bound: lower_bound === null ? null : Number(lower_bound.toFixed(3)),
    operator: override === null ? null : operatorText(override, in_force),
  }
}

function operatorText({ until }: CurrentOverride, in_force: boolean): string {
  const word = in_force ? 'denied' : 'allowed'
  return until === null ? word : `${word} until ${until.slice(0, 10)}`
}
