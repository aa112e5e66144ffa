import { isIPv4 } from 'node:net'
import { isLoopback, type SocketAddress } from './addresses.ts'
import { CAPS, type Cap, MODES, type Mode } from './modes.ts'
import { pathText } from './problem.ts'
import type { ParsedConfig } from './schema.ts'
import type { Path } from './yaml-tree.ts'

/** A contradiction between two places of the file. */
export interface CrossProblem {
  /** The place to mend. */
  path: Path
  /** Both places: where one of them is wrong by itself, the contradiction is not worth a word. */
  parties: readonly Path[]
  problem: string
  instead: string
}

type IsWritten = (path: Path) => boolean

/**
 * What is wrong between keys that are right by themselves.
 * @param isWritten whether the file says something at a path: what it says is to be mended, not a default
 */
export function crossChecks(config: ParsedConfig, isWritten: IsWritten): CrossProblem[] {
  return [
    ...inputProblems(config),
    ...listenerProblems(config),
    ...limitProblems(config),
    ...addressProblems(config, isWritten),
    ...clickhouseProblems(config),
    ...exposureProblems(config),
  ]
}

function inputProblems({ collector, publisher }: ParsedConfig): CrossProblem[] {
  const root = (index: number): Path => ['collector', 'inputs', index]
  const ofOne = collector.inputs.flatMap((input, index): CrossProblem[] => {
    if ((input.log === undefined) !== (input.stdin === undefined)) return []
    const problem = input.log === undefined ? 'neither log nor stdin is given' : 'both log and stdin are given'
    return [
      {
        path: root(index),
        parties: [
          [...root(index), 'log'],
          [...root(index), 'stdin'],
        ],
        problem,
        instead: 'Give each input one of them, e.g. `log: /var/log/mail.log`.',
      },
    ]
  })
  const stdins = collector.inputs.flatMap((input, index) =>
    input.stdin ? [{ value: 'stdin', path: [...root(index), 'stdin'] }] : [],
  )
  const names = collector.inputs.flatMap(({ name }, index) =>
    name === undefined ? [] : [{ value: name, path: [...root(index), 'name'] }],
  )
  const logs = collector.inputs.flatMap(({ log }, index) =>
    [...new Set(log)].map((value) => ({ value, path: [...root(index), 'log'] })),
  )
  const files = publisher.outputs.files.map(({ path }, index) => ({
    value: path,
    path: ['publisher', 'outputs', 'files', index, 'path'],
  }))
  return [
    ...ofOne,
    ...twice(stdins, 'standard input is read by two inputs', 'Keep one of them.'),
    ...twice(names, 'two inputs have this name', 'Give each its own.'),
    ...twice(logs, 'two inputs read this log', 'Name it once.'),
    ...twice(files, 'two outputs write this file', 'Give each its own.'),
  ]
}

function listenerProblems({ listeners }: ParsedConfig): CrossProblem[] {
  const names = listeners.map(({ name }, index) => ({ value: name, path: ['listeners', index, 'name'] }))
  const ports = listeners.flatMap(({ port }, index) =>
    port === undefined ? [] : [{ value: String(port), path: ['listeners', index, 'port'] }],
  )
  const doors = listeners.flatMap(({ hosts = ['*'], services = [] }, index) =>
    [...new Set(services)].flatMap((service) =>
      [...new Set(hosts)].map((host) => ({
        value: JSON.stringify([host, service]),
        path: ['listeners', index, 'services'],
      })),
    ),
  )
  return [
    ...twice(names, 'two listeners have this name', 'Give each its own.'),
    ...twice(ports, 'two listeners have this port', 'Give the port to the one that clients reach on it.'),
    ...twice(
      doors,
      'two listeners stand for the same program on the same host',
      'Tell them apart by services or hosts.',
    ),
  ]
}

interface Written {
  value: string
  path: Path
}

/** Everything that was said before, with the place that said it first. */
function twice(all: readonly Written[], problem: string, instead: string): CrossProblem[] {
  const first = new Map<string, Path>()
  return all.flatMap(({ value, path }) => {
    const before = first.get(value)
    if (before === undefined) first.set(value, path)
    return before === undefined
      ? []
      : [{ path, parties: [before, path], problem: `${problem} (${pathText(before)})`, instead }]
  })
}

function limitProblems({ publisher, listeners }: ParsedConfig): CrossProblem[] {
  const { dnsbl, policy_service, files } = publisher.outputs
  const parts: [Path, { mode?: Mode | undefined; cap?: Cap | undefined }][] = [
    [['publisher'], publisher],
    [['publisher', 'outputs', 'dnsbl'], dnsbl],
    [['publisher', 'outputs', 'policy_service'], policy_service],
    ...files.map((file, index): [Path, typeof file] => [['publisher', 'outputs', 'files', index], file]),
    ...listeners.map((listener, index): [Path, typeof listener] => [['listeners', index], listener]),
  ]
  return parts.flatMap(([path, { mode, cap }]): CrossProblem[] => {
    const capPath: Path = cap === undefined ? ['publisher', 'cap'] : [...path, 'cap']
    const highest = cap ?? publisher.cap
    if (mode === undefined || MODES.indexOf(mode) <= MODES.indexOf(highest)) return []
    return [
      {
        path: [...path, 'mode'],
        parties: [[...path, 'mode'], capPath],
        problem: `the mode ${mode} is above the cap, which is ${highest} (${pathText(capPath)})`,
        instead: `Write ${highest}, or raise the cap to ${CAPS.find((candidate) => candidate === mode)}.`,
      },
    ]
  })
}

interface Claim {
  path: Path
  address: SocketAddress
}

/** TCP only: the one UDP service has a TCP service on the same address. Port 0 is any free port. */
function addressProblems({ http, clickhouse, publisher }: ParsedConfig, isWritten: IsWritten): CrossProblem[] {
  const { dnsbl, policy_service } = publisher.outputs
  const claims: Claim[] = [{ path: ['http', 'listen'], address: http.listen }]
  if (clickhouse.url === undefined) {
    const { http_port, tcp_port } = clickhouse.child
    claims.push({ path: ['clickhouse', 'child', 'http_port'], address: { host: '127.0.0.1', port: http_port } })
    if (tcp_port !== undefined) {
      claims.push({ path: ['clickhouse', 'child', 'tcp_port'], address: { host: '127.0.0.1', port: tcp_port } })
    }
  }
  if (dnsbl.enabled) claims.push({ path: ['publisher', 'outputs', 'dnsbl', 'listen'], address: dnsbl.listen })
  if (policy_service.enabled && policy_service.listen.kind === 'tcp') {
    claims.push({ path: ['publisher', 'outputs', 'policy_service', 'listen'], address: policy_service.listen })
  }
  return claims.flatMap((claim, index): CrossProblem[] => {
    const before = claims.slice(0, index).find((other) => overlap(claim.address, other.address))
    if (before === undefined) return []
    const [kept, moved] = isWritten(claim.path) || !isWritten(before.path) ? [before, claim] : [claim, before]
    return [
      {
        path: moved.path,
        parties: [kept.path, moved.path],
        problem: `port ${moved.address.port} is taken by ${pathText(kept.path)}`,
        instead: 'Give each its own port.',
      },
    ]
  })
}

function overlap(a: SocketAddress, b: SocketAddress): boolean {
  if (a.port === 0 || a.port !== b.port) return false
  return a.host === b.host || isWildcardFor(a.host, b.host) || isWildcardFor(b.host, a.host)
}

/** `::` takes IPv4 as well (Linux: net.ipv6.bindv6only = 0). */
function isWildcardFor(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && isIPv4(other))
}

function clickhouseProblems({ clickhouse }: ParsedConfig): CrossProblem[] {
  if (clickhouse.url !== undefined) return []
  return (['user', 'password_file'] as const)
    .filter((key) => clickhouse[key] !== undefined)
    .map((key) => ({
      path: ['clickhouse', key],
      parties: [
        ['clickhouse', key],
        ['clickhouse', 'url'],
      ],
      problem: 'it is for a server of your own, and there is no clickhouse.url',
      instead: 'Write clickhouse.url, or take this key out.',
    }))
}

function exposureProblems({ http, publisher }: ParsedConfig): CrossProblem[] {
  const { policy_service } = publisher.outputs
  const problems: CrossProblem[] = []
  if (!isLoopback(http.listen.host) && http.tls === undefined && !http.insecure) {
    problems.push({
      path: ['http', 'listen'],
      parties: [
        ['http', 'listen'],
        ['http', 'tls'],
        ['http', 'insecure'],
      ],
      problem: `${http.listen.host} can be reached from other machines, and http is not encrypted`,
      instead: 'Write http.tls, or listen on 127.0.0.1, or write `insecure: true` where the network is to be trusted.',
    })
  }
  const { enabled, listen, insecure } = policy_service
  if (enabled && listen.kind === 'tcp' && !isLoopback(listen.host) && !insecure) {
    const path: Path = ['publisher', 'outputs', 'policy_service', 'listen']
    problems.push({
      path,
      parties: [path, ['publisher', 'outputs', 'policy_service', 'insecure']],
      problem: `${listen.host} can be reached from other machines, and the protocol has no encryption`,
      instead: 'Listen on 127.0.0.1 or on a Unix socket, or write `insecure: true` where the network is to be trusted.',
    })
  }
  return problems
}
