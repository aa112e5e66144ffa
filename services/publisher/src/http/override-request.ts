import { canonicalSender } from '@tlsrep/core/sender/sender-key'
import * as z from 'zod'

/** Text that people write and others are shown later: bounded, and without control characters. */
const words = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), 'has control characters in it')

const sender = z
  .string()
  .max(300)
  .transform((text, context) => {
    const found = canonicalSender(text)
    if (found.ok) return found.sender
    context.addIssue({ code: 'custom', message: `${found.message}. ${found.remedy}` })
    return z.NEVER
  })

/** Body of `POST /v1/overrides`. */
export const OVERRIDE_REQUEST = z
  .strictObject({
    sender,
    action: z.enum(['allow', 'deny']),
    tier: z.enum(['watch', 'tag', 'defer', 'reject']).nullish(),
    until: z.iso.datetime({ offset: true }).nullish(),
    by: words(200),
    why: words(1000),
  })
  .refine((request) => request.action === 'deny' || request.tier == null, {
    path: ['tier'],
    message: 'only a deny has a tier',
  })

export type OverrideRequest = z.infer<typeof OVERRIDE_REQUEST>

/** What is wrong with a request, field by field, in one line. */
export function faultText(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
    .join('; ')
}
