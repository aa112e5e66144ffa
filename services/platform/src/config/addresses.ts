import { BlockList, isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { type Parsed, quoted, textValue } from './text-value.ts'

/** Where a service listens on TCP or UDP. */
export interface SocketAddress {
  /** An IP address, without brackets. */
  host: string
  /** 0 takes any free port. */
  port: number
}

/** Where a service listens on TCP, or the path of a Unix socket. */
export type ListenTarget = ({ kind: 'tcp' } & SocketAddress) | { kind: 'unix'; path: string }

/** Longest path of a Unix socket: `sun_path` holds 108 bytes with its terminator (unix(7)). */
const UNIX_PATH_MAX = 107

/** `ADDRESS:PORT`, IPv6 in brackets. */
export function socketAddress(example: string) {
  return textValue(parseSocketAddress, { kind: 'ADDRESS:PORT', example, pattern: '^(\\[.*\\]|[0-9.]+):[0-9]+$' })
}

/** `HOST:PORT` of another machine: a name or an address, IPv6 in brackets; the value is the same text. */
export function socketAddressOfHost(example: string) {
  return textValue(parseHostAndPort, { kind: 'HOST:PORT', example, pattern: ':[0-9]+$' })
}

/** `ADDRESS:PORT`, or `unix:PATH`. */
export function listenTarget(example: string) {
  return textValue(parseListenTarget, { kind: 'ADDRESS:PORT or unix:PATH', example })
}

/** A network in CIDR notation; the value is its canonical text. A single address is taken as a network of one. */
export function network(example: string) {
  return textValue(parseNetwork, { kind: 'CIDR', example })
}

/** A TCP or UDP port of another program, or one to be opened by a child. */
export const port = () => z.int().min(1).max(65_535)

export function parseSocketAddress(text: string): Parsed<SocketAddress> {
  const [, host, digits] = /^(.*):(\d{1,8})$/.exec(text) ?? []
  if (host === undefined || digits === undefined) {
    const example = isIPv4(text) ? `${text}:8642` : isIPv6(text) ? `[${text}]:8642` : '127.0.0.1:8642 or [::1]:8642'
    return { ok: false, why: `${quoted(text)} is no address and port`, instead: `Write both, e.g. ${example}.` }
  }
  const number = Number(digits)
  if (number > 65_535) {
    return { ok: false, why: `there is no port ${digits}`, instead: 'Ports are 1 to 65535 (0: any free one).' }
  }
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (isIPv4(host) || (bare !== host && isIPv6(bare))) return { ok: true, value: { host: bare, port: number } }
  return { ok: false, why: whyNoAddress(host), instead: `Write an IP address, e.g. ${addressInstead(host)}:${digits}.` }
}

export function parseHostAndPort(text: string): Parsed<string> {
  const [, host = '', digits] = /^(.*):(\d{1,8})$/.exec(text) ?? []
  if (digits === undefined)
    return { ok: false, why: `${quoted(text)} has no port`, instead: `Write both, e.g. ${text || 'kafka1'}:9092.` }
  if (Number(digits) < 1 || Number(digits) > 65_535)
    return { ok: false, why: `there is no port ${digits}`, instead: 'Ports are 1 to 65535.' }
  const isName =
    /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/.test(host)
  const isV6 = host.startsWith('[') && host.endsWith(']') && isIPv6(host.slice(1, -1))
  if (isName || isV6) return { ok: true, value: text }
  return {
    ok: false,
    why: `${quoted(host)} is no host`,
    instead: `Write a name or an address, e.g. kafka1.example.net:${digits}.`,
  }
}

function whyNoAddress(host: string): string {
  if (isIPv6(host)) return `an IPv6 address before a port needs brackets`
  return host === '' ? 'the address before the port is missing' : `${quoted(host)} is no IP address`
}

function addressInstead(host: string): string {
  if (isIPv6(host)) return `[${host}]`
  return host === '*' ? '0.0.0.0' : '127.0.0.1'
}

export function parseListenTarget(text: string): Parsed<ListenTarget> {
  if (text.startsWith('unix:')) return parseUnixPath(text.slice('unix:'.length))
  if (text.startsWith('/')) {
    return {
      ok: false,
      why: `${quoted(text)} is no address and port`,
      instead: `A Unix socket is written unix:${text}.`,
    }
  }
  const address = parseSocketAddress(text.startsWith('inet:') ? text.slice('inet:'.length) : text)
  return address.ok ? { ok: true, value: { kind: 'tcp', ...address.value } } : address
}

function parseUnixPath(path: string): Parsed<ListenTarget> {
  if (path === '' || path.includes('\0')) {
    return { ok: false, why: 'the path is missing', instead: 'Write e.g. unix:/var/spool/postfix/private/tlsrep.' }
  }
  if (Buffer.byteLength(path) > UNIX_PATH_MAX) {
    return {
      ok: false,
      why: `the path has more than ${UNIX_PATH_MAX} bytes`,
      instead: 'Choose a directory with a shorter name.',
    }
  }
  return { ok: true, value: { kind: 'unix', path } }
}

export function parseNetwork(text: string): Parsed<string> {
  const slash = text.lastIndexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  if (!isIPv4(address) && !isIPv6(address)) {
    return {
      ok: false,
      why: `${quoted(address)} is no IP address`,
      instead: 'Write a network, e.g. 192.0.2.0/24 or 2001:db8::/32.',
    }
  }
  const bits = isIPv4(address) ? 32 : 128
  const prefix = slash < 0 ? String(bits) : text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    return {
      ok: false,
      why: `${quoted(prefix)} is no prefix length of this address`,
      instead: `Write 0 to ${bits} after the slash.`,
    }
  }
  return withoutHostBits(address, Number(prefix))
}

/** RFC 4632 section 3.1: the bits after the prefix are zero. Others are more often a slip than a wish. */
function withoutHostBits(address: string, prefix: number): Parsed<string> {
  const family = isIPv4(address) ? ipaddr.IPv4 : ipaddr.IPv6
  const base = family.networkAddressFromCIDR(`${address.replace(/%.*/, '')}/${prefix}`)
  const canonical = `${base.toString()}/${prefix}`
  if (ipaddr.parse(address.replace(/%.*/, '')).toNormalizedString() === base.toNormalizedString()) {
    return { ok: true, value: canonical }
  }
  return {
    ok: false,
    why: `${address} has bits set beyond /${prefix}`,
    instead: `Write ${canonical}, or ${address}/${isIPv4(address) ? 32 : 128} for the one address.`,
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether only this machine reaches a service that listens on the address. */
export function isLoopback(host: string): boolean {
  return (isIPv4(host) || isIPv6(host)) && LOOPBACK.check(host, isIPv4(host) ? 'ipv4' : 'ipv6')
}
