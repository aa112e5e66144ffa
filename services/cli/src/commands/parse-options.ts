import type { Zones } from './zones.ts'

/** Mail servers whose logs are read. `auto` takes each line to the parser whose program wrote it. */
export const MTA_NAMES = ['postfix'] as const
export const MTA_CHOICES = ['auto', ...MTA_NAMES] as const

/** What may be said on the command line of `tlsrep parse`. */
export interface ParseOptions {
  mta: (typeof MTA_CHOICES)[number]
  tz?: Zones
  year?: number
  collector?: string
  table?: boolean
  json?: boolean
  progress: boolean
}
