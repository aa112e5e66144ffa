import { parsePrefix } from '../sender/prefix.ts'
import { FACETS } from './grade.ts'
import type { PolicyContent } from './policy.ts'
import { LISTED_TIERS } from './tiers.ts'

/** Something wrong at a place of the policy that a value's own type cannot say. */
export interface Fault {
  path: readonly (string | number)[]
  message: string
  suggestion: string
}

/** The rules that bind values to each other; none of them can be switched off. */
export function crossChecks(policy: PolicyContent): Fault[] {
  return [...plaintextCostsMost(policy), ...floorsInOrder(policy), ...boundsInOrder(policy), ...blocks(policy)]
}

/** A sender that is refused or punished for old TLS falls back to plaintext, so plaintext must never be the cheaper choice. */
function plaintextCostsMost({ weights }: PolicyContent): Fault[] {
  const heavier = FACETS.flatMap((facet) =>
    Object.entries(weights[facet])
      .filter(([, weight]) => weight > weights.plaintext)
      .map(([level, weight]) => ({ name: `${facet}.${level}`, weight })),
  )
  if (heavier.length === 0) return []
  const named = heavier.map(({ name, weight }) => `${name} (${weight})`).join(', ')
  return [
    {
      path: ['weights', 'plaintext'],
      message: `${weights.plaintext} is less than a session with TLS may weigh: ${named}; such a sender would do better without TLS`,
      suggestion: `write ${Math.max(...heavier.map(({ weight }) => weight))} or more, or lower those`,
    },
  ]
}

function floorsInOrder({ evidence: { floor_to_list, floor_to_stay } }: PolicyContent): Fault[] {
  if (floor_to_stay < floor_to_list) return []
  return [
    {
      path: ['evidence', 'floor_to_stay'],
      message: `${floor_to_stay} is not below floor_to_list (${floor_to_list}); a listing would end as soon as it begins to decay`,
      suggestion: `write ${floor_to_list / 2}, or raise floor_to_list`,
    },
  ]
}

function boundsInOrder({ bounds }: PolicyContent): Fault[] {
  const faults: Fault[] = []
  LISTED_TIERS.forEach((tier, i) => {
    const { list_at, delist_below } = bounds[tier]
    if (delist_below > list_at) {
      faults.push({
        path: ['bounds', tier, 'delist_below'],
        message: `${delist_below} is above list_at (${list_at}); a sender could be listed and delisted by the same evidence`,
        suggestion: `write at most ${list_at}`,
      })
    }
    const milder = LISTED_TIERS[i - 1]
    if (milder === undefined) return
    for (const key of ['list_at', 'delist_below'] as const) {
      if (bounds[tier][key] > bounds[milder][key]) continue
      faults.push({
        path: ['bounds', tier, key],
        message: `${bounds[tier][key]} is not above the ${key} of the milder tier ${milder} (${bounds[milder][key]})`,
        suggestion: `write more than ${bounds[milder][key]}, or lower ${milder}`,
      })
    }
  })
  return faults
}

function blocks({ relays, protected_pools }: PolicyContent): Fault[] {
  const lists = [
    { path: ['relays'], cidrs: relays },
    ...protected_pools.map((pool, i) => ({ path: ['protected_pools', i, 'cidrs'], cidrs: pool.cidrs })),
  ]
  return lists.flatMap(({ path, cidrs }) =>
    cidrs.flatMap((text, i) => {
      const fault = blockFault(text)
      return fault === undefined ? [] : [{ path: [...path, i], ...fault }]
    }),
  )
}

function blockFault(text: string): Omit<Fault, 'path'> | undefined {
  const prefix = parsePrefix(text)
  if (prefix === undefined) {
    return {
      message: `${JSON.stringify(text)} is no address and no block of addresses`,
      suggestion: 'write e.g. 192.0.2.0/24, 192.0.2.25 or 2001:db8::/32',
    }
  }
  if (prefix.exact) return undefined
  return {
    message: `${JSON.stringify(text)} has bits set behind its length`,
    suggestion: `write ${prefix.text} for the block, or the address without a length`,
  }
}
