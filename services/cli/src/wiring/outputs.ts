import type { Config, ListenerConfig } from '@tlsrep/platform/config/config'
import { CidrFile } from '@tlsrep/publisher/outputs/cidr-file/cidr-file'
import { createDnsbl, type Dnsbl } from '@tlsrep/publisher/outputs/dnsbl/dnsbl'
import type { Output } from '@tlsrep/publisher/outputs/output'
import type { PolicyListener } from '@tlsrep/publisher/outputs/policy-service/policy-decision'
import { PolicyService } from '@tlsrep/publisher/outputs/policy-service/policy-service'
import type { LookupPage } from '@tlsrep/publisher/outputs/reply-text'
import type { Logger } from 'pino'

/** The configured ways to learn the list, listening. */
export interface Outputs {
  dnsbl: Dnsbl | null
  policyService: PolicyService | null
  files: readonly CidrFile[]
  all: readonly Output[]
}

/** @throws OperatorError where an address cannot be had; what was opened before it is closed again */
export async function openOutputs(config: Config, logger: Logger, now: () => number): Promise<Outputs> {
  const all: Output[] = []
  try {
    const dnsbl = await openDnsbl(config, logger, now)
    if (dnsbl !== null) all.push(dnsbl)
    const policyService = await openPolicyService(config, logger, now)
    if (policyService !== null) all.push(policyService)
    const files = config.publisher.outputs.files.map(({ path, format, mode, cap }) => {
      const flavour = format === 'cidr-postscreen' ? 'postscreen' : 'smtpd'
      return new CidrFile({
        path,
        flavour,
        mode,
        cap,
        lookupPage: lookupPageOf(config),
        logger: logger.child({ component: 'files' }),
        now,
      })
    })
    all.push(...files)
    return { dnsbl, policyService, files, all }
  } catch (error) {
    await Promise.allSettled(all.map((output) => output.close()))
    throw error
  }
}

async function openDnsbl(config: Config, logger: Logger, now: () => number): Promise<Dnsbl | null> {
  const { enabled, listen, zone, mode, cap, ttl, negative_ttl } = config.publisher.outputs.dnsbl
  if (!enabled) return null
  return createDnsbl({
    address: listen.host,
    port: listen.port,
    zone,
    limits: { mode, cap },
    lookupPage: lookupPageOf(config),
    ttl: Math.ceil(ttl / 1000),
    negativeTtl: Math.ceil(negative_ttl / 1000),
    logger: logger.child({ component: 'dnsbl' }),
    now,
  })
}

async function openPolicyService(config: Config, logger: Logger, now: () => number): Promise<PolicyService | null> {
  const { enabled, listen, insecure, mode, cap } = config.publisher.outputs.policy_service
  if (!enabled) return null
  const service = new PolicyService({
    endpoints: [listen.kind === 'unix' ? { path: listen.path } : { address: listen.host, port: listen.port, insecure }],
    listeners: config.listeners.flatMap(policyListener),
    otherwise: { mode, cap },
    lookupPage: lookupPageOf(config),
    logger: logger.child({ component: 'policy_service' }),
    now,
  })
  try {
    await service.listen()
  } catch (error) {
    await service.close()
    throw error
  }
  return service
}

function lookupPageOf({ publisher }: Config): LookupPage {
  return publisher.lookup_page ?? null
}

function policyListener({ name, port, mode, cap }: ListenerConfig): PolicyListener[] {
  return port === undefined ? [] : [{ name, port, mode, cap }]
}
