import { z } from 'zod'

/** How far an output or listener may go now, mildest first. */
export const MODES = ['observe', 'tag', 'defer', 'reject'] as const
export type Mode = (typeof MODES)[number]

/** How far it may ever go. */
export const CAPS = ['tag', 'defer', 'reject'] as const
export type Cap = (typeof CAPS)[number]

/** What a part of the configuration may say for itself; where it is silent, `publisher` speaks for it. */
export const ownLimits = {
  mode: z
    .enum(MODES)
    .optional()
    .describe('How far it may go now. Default: `publisher.mode`. Must not be above the cap that holds here.'),
  cap: z.enum(CAPS).optional().describe('How far it may ever go, whatever its mode. Default: `publisher.cap`.'),
}
