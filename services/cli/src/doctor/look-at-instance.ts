import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import type { Instance } from '@tlsrep/platform/data-dir/instance'
import type { Access } from '../access/access.ts'
import { heldBackCount } from '../access/gate.ts'
import { bracketed, httpBase, reasonOf } from '../access/http-base.ts'
import { momentText } from '../output/prose.ts'
import { type Finding, fault, ok, warning } from './findings.ts'

const TIMEOUT_MS = 3000

/** The parts of the running instance, asked as their users would ask them. */
export async function lookAtInstance({ instance, config }: Pick<Access, 'instance' | 'config'>): Promise<Finding[]> {
  if (instance === null) {
    return [warning('instance', `nothing runs on ${config.data}`, 'Run `tlsrep start`.')]
  }
  const { dnsbl, policy_service } = instance.addresses
  const base = httpBase(instance)
  return [
    ok('instance', `version ${instance.version}, pid ${instance.pid}, since ${momentText(instance.started_at)}`),
    ...(base === null ? [] : [await lookAtHttp(base)]),
    ...(await lookAtGate(instance)),
    ...(dnsbl === null ? [] : await lookAtDnsbl(dnsbl, config.publisher.outputs.dnsbl.zone)),
    ...(policy_service === null ? [] : [await lookAtPolicyService(policy_service)]),
  ]
}

async function lookAtGate(instance: Instance): Promise<Finding[]> {
  const count = await heldBackCount(instance)
  if (count === 0) return []
  const says = `the gate holds back ${count} new ${count === 1 ? 'listing' : 'listings'}`
  return [warning('gate', says, 'See docs/errors/TLSREP_LISTINGS_HELD_BACK.md.')]
}

async function lookAtHttp(base: string): Promise<Finding> {
  try {
    const response = await fetch(`${base}/health/ready`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const report = (await response.json()) as { checks: { name: string; ok: boolean; detail?: string }[] }
    const ill = report.checks
      .filter((check) => !check.ok)
      .map(({ name, detail }) => `${name} (${detail ?? 'not well'})`)
    if (ill.length === 0) return ok('http', `${base} is ready`)
    return fault('http', `${base} is not ready: ${ill.join(', ')}`, 'Look at the log of that part.')
  } catch (error) {
    return fault('http', `${base} does not answer: ${reasonOf(error)}`, 'Look at the log of the instance.')
  }
}

/** RFC 5782 section 5: the test entries say whether a list is alive, and that it does not list the world. */
async function lookAtDnsbl({ host, port }: { host: string; port: number }, zone: string): Promise<Finding[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 })
  resolver.setServers([`${bracketed(host)}:${port}`])
  const part = 'dnsbl'
  const listed = await resolver.resolve4(`2.0.0.127.${zone}`).catch((error: unknown) => reasonOf(error))
  const free = await resolver.resolve4(`1.0.0.127.${zone}`).catch(() => [])
  if (typeof listed === 'string')
    return [
      fault(
        part,
        `${zone} on ${host}:${port} does not answer its test entry: ${listed}`,
        'Look at the log of the instance.',
      ),
    ]
  if (free.length > 0) return [fault(part, `${zone} lists 127.0.0.1`, 'Stop using it, and report this.')]
  return [ok(part, `${zone} on ${host}:${port} answers its test entries`)]
}

/** A request about an address that is documentation's own (RFC 5737) must be let through. */
function lookAtPolicyService(endpoint: string): Promise<Finding> {
  const part = 'policy service'
  const lastColon = endpoint.lastIndexOf(':')
  const target = endpoint.startsWith('unix:')
    ? { path: endpoint.slice('unix:'.length) }
    : { host: endpoint.slice(0, lastColon).replace(/^\[|\]$/g, ''), port: Number(endpoint.slice(lastColon + 1)) }
  return new Promise((resolve) => {
    const socket = connect(target)
    const end = (finding: Finding): void => {
      socket.destroy()
      resolve(finding)
    }
    socket.setTimeout(TIMEOUT_MS, () =>
      end(fault(part, `${endpoint} does not answer`, 'Look at the log of the instance.')),
    )
    socket.on('error', (error) => end(fault(part, `${endpoint}: ${error.message}`, 'Look at the log of the instance.')))
    socket.on('data', (data) => {
      const answer = data.toString('latin1').trim()
      end(
        answer.startsWith('action=')
          ? ok(part, `${endpoint} answers ${answer}`)
          : fault(part, `${endpoint} answers no action`, 'Another program holds the port.'),
      )
    })
    socket.write('request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.255\ninstance=doctor\n\n')
  })
}
