import { z } from 'zod'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export const logSchema = z.strictObject({
  level: z.enum(LOG_LEVELS).prefault('info').describe('The least important that is still logged.'),
  format: z
    .enum(LOG_FORMATS)
    .prefault('auto')
    .describe(
      '`json`: one object a line. `pretty`: short lines for people. `auto`: `pretty` on a terminal, else `json`. Logs go to stderr.',
    ),
})
