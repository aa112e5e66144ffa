import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { LABEL_MAX, NAME_MAX } from './protocol.ts'

/** A domain name in wire form: length-prefixed labels in lower case, ending with the root's zero byte. */
export interface WireName {
  text: string
  wire: Uint8Array
  labels: number
}

/** `observe.` and the 32 digits of an IPv6 address must still fit in front of a zone's name. */
export const ZONE_WIRE_MAX = NAME_MAX - 'xobserve'.length - 64

/**
 * Reads a configured name: labels of letters, digits, `-` and `_`, a dot at the end or not.
 * @param maxBytes bytes it may have in wire form
 * @throws OperatorError TLSREP_DNSBL_ZONE
 */
export function wireName(text: string, maxBytes = NAME_MAX): WireName {
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase()
  const labels = name.split('.')
  const faulty = labels.find((label) => label.length > LABEL_MAX || !/^[a-z0-9_-]+$/.test(label))
  if (faulty !== undefined) throw badName(text, `"${faulty}" is no label of letters, digits, "-" and "_", 1 to 63 long`)
  if (name.length + 2 > maxBytes)
    throw badName(text, `it has ${name.length} characters, ${maxBytes - 2} at most are possible`)
  const wire = new Uint8Array(name.length + 2)
  let at = 0
  for (const label of labels) {
    wire[at++] = label.length
    for (let i = 0; i < label.length; i++) wire[at++] = label.charCodeAt(i)
  }
  return { text: name, wire, labels: labels.length }
}

function badName(text: string, why: string): OperatorError {
  const shown = text.replace(/[^ -~]/g, '?').slice(0, NAME_MAX)
  return new OperatorError({
    code: 'TLSREP_DNSBL_ZONE',
    message: `"${shown}" cannot be the DNSBL's zone: ${why}`,
    where: 'publisher.outputs.dnsbl.zone',
    remedy: 'Write a domain name such as bl.tlsrep.internal.',
  })
}
