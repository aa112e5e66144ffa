import { InvalidArgumentError } from 'commander'

/** Time zones of stamps that have none: one for all hosts, and others for hosts by name. */
export interface Zones {
  /** Undefined: the zone of this machine. */
  everywhere: string | undefined
  byHost: ReadonlyMap<string, string>
}

const NO_ZONES: Zones = { everywhere: undefined, byHost: new Map() }

/**
 * Reads one `--tz`: `ZONE`, or `HOST=ZONE` for the lines of one host.
 * @throws InvalidArgumentError that says what to write instead
 */
export function addZone(value: string, before: Zones = NO_ZONES): Zones {
  const equals = value.indexOf('=')
  const zone = value.slice(equals + 1)
  requireZone(zone)
  if (equals >= 0) {
    const host = value.slice(0, equals)
    if (host === '') throw new InvalidArgumentError(`Write the host before the equals sign: --tz mx1=${zone}`)
    return { ...before, byHost: new Map([...before.byHost, [host, zone]]) }
  }
  if (before.everywhere !== undefined) {
    throw new InvalidArgumentError(
      `The zone was given before (${before.everywhere}). For the hosts of one zone write HOST=ZONE: --tz mx1=${zone}`,
    )
  }
  return { ...before, everywhere: zone }
}

function requireZone(zone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
  } catch {
    const close = closestZone(zone)
    const advice = close === undefined ? 'Write an IANA name such as Europe/Berlin or UTC.' : `Did you mean ${close}?`
    throw new InvalidArgumentError(`There is no time zone of that name. ${advice}`)
  }
}

/** The one zone that the text is a part of, or the one that is spelt most alike. */
function closestZone(text: string): string | undefined {
  const wanted = text.toLowerCase()
  const zones = Intl.supportedValuesOf('timeZone')
  const containing = wanted.length > 2 ? zones.find((zone) => zone.toLowerCase().includes(wanted)) : undefined
  if (containing !== undefined) return containing
  const ranked = zones.map((zone) => ({ zone, distance: editDistance(zone.toLowerCase(), wanted) }))
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a))
  return best.distance <= 2 ? best.zone : undefined
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
