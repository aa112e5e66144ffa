import { z } from 'zod'
import { GRADES } from '../tls/facets.ts'

/** Thousandths of a session in clear that one session weighs. */
const weight = (value: number) => z.int().min(0).max(1000).default(value)
/** Thousandths of a session in clear that are added to what a session weighs by itself. */
const extraWeight = (value: number) => z.int().min(0).max(3000).default(value)
const share = (value: number) => z.number().gt(0).max(1).default(value)

const facetWeights = (phase_out: number, insufficient: number, forbidden: number) =>
  z
    .strictObject({ phase_out: weight(phase_out), insufficient: weight(insufficient), forbidden: weight(forbidden) })
    .prefault({})

const tierBounds = (list_at: number, delist_below: number) =>
  z.strictObject({ list_at: share(list_at), delist_below: share(delist_below) }).prefault({})

const cidrs = z.array(z.string().max(64)).max(100_000)
const name = z.string().min(1).max(64)

/**
 * The policy file. Every key may be left out and then has the value that services/core/policy/default.yaml states, with unit and reason;
 * a test holds that file and these defaults equal.
 */
export const policySchema = z.strictObject({
  version: z.literal(1).default(1),
  evidence: z
    .strictObject({
      half_life_days: z.number().min(1).max(365).default(14),
      floor_to_list: z.number().min(1).max(1000).default(8),
      floor_to_stay: z.number().gt(0).max(1000).default(4),
      pair_window_hours: z.number().gt(0).max(48).default(4),
      history: z
        .strictObject({
          min_tls_sessions: z.int().min(1).max(100_000).default(20),
          min_days: z.int().min(1).max(365).default(3),
        })
        .prefault({}),
    })
    .prefault({}),
  grades: z.strictObject({ anonymous_key_exchange: z.enum(GRADES).default('sufficient') }).prefault({}),
  weights: z
    .strictObject({
      plaintext: z.int().min(1).max(1000).default(1000),
      downgrade_pair: extraWeight(500),
      history_regression: extraWeight(1000),
      tls_version: facetWeights(0, 400, 700),
      encryption: facetWeights(0, 300, 600),
      integrity: facetWeights(0, 0, 600),
      key_exchange: facetWeights(0, 50, 600),
    })
    .prefault({}),
  bounds: z
    .strictObject({
      z: z.number().min(0.5).max(5).default(1.96),
      watch: tierBounds(0.1, 0.07),
      tag: tierBounds(0.25, 0.2),
      defer: tierBounds(0.5, 0.4),
      reject: tierBounds(0.7, 0.6),
    })
    .prefault({}),
  listing: z.strictObject({ max_life_days: z.number().gt(0).max(365).default(30) }).prefault({}),
  protected_pools: z
    .array(z.strictObject({ name, source: z.string().min(1).max(500), cidrs }))
    .max(1000)
    .default([]),
  relays: cidrs.default([]),
})

/** What the policy file says, defaults filled in. */
export type PolicyContent = z.output<typeof policySchema>

/** The one policy file, read and validated: half-life, floors, weights, bounds, protected pools, relays. */
export interface Policy extends PolicyContent {
  /** Of the content: comments, order of keys and spelling of numbers and blocks do not change it. Every listing names it. */
  readonly hash: string
}
