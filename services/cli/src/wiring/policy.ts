import { readFileSync } from 'node:fs'
import { defaultPolicy, POLICY_INVALID, parsePolicy } from '@tlsrep/core/policy/parse-policy'
import type { Policy } from '@tlsrep/core/policy/policy'
import { policyHash } from '@tlsrep/core/policy/policy-hash'
import type { Config } from '@tlsrep/platform/config/config'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'

/**
 * The policy that the configuration names, else the one that comes with tlsrep, with the configuration's relays among its own: they decide
 * what is evidence, so they are part of what a listing's policy hash stands for.
 * @throws OperatorError TLSREP_POLICY_INVALID with every problem in its message
 */
export function policyOf(config: Config): Policy {
  return withRelays(config.policy === undefined ? defaultPolicy() : readPolicy(config.policy), config.relays)
}

function readPolicy(path: string): Policy {
  const parsed = parsePolicy(readFileSync(path, 'utf8'), path)
  if (parsed.ok) return parsed.policy
  const problems = parsed.problems.map(
    ({ source, line, path: key, message, suggestion }) => `${source}:${line}: ${key}: ${message}; ${suggestion}`,
  )
  throw new OperatorError({
    code: POLICY_INVALID,
    message: `the policy file cannot be used:\n${problems.join('\n')}`,
    where: path,
    remedy: 'Mend what is said above; `tlsrep validate` checks it again.',
  })
}

function withRelays(policy: Policy, relays: readonly string[]): Policy {
  if (relays.length === 0) return policy
  const { hash: _, ...content } = policy
  const merged = { ...content, relays: [...new Set([...content.relays, ...relays])] }
  return { ...merged, hash: policyHash(merged) }
}
