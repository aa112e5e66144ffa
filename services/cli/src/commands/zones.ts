import { nearest } from '@tlsrep/platform/config/nearest'
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
    const close = nearest(zone, Intl.supportedValuesOf('timeZone'))
    const advice = close === undefined ? 'Write an IANA name such as Europe/Berlin or UTC.' : `Did you mean ${close}?`
    throw new InvalidArgumentError(`There is no time zone of that name. ${advice}`)
  }
}
