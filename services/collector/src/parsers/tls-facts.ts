import { findCipherSuite, findGroup, findSignature, findTlsVersion, type UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'

/** What a negotiation came to, as the fields of the event; shared by all sessions that came to the same. */
export type TlsFacts = Pick<
  TlsNegotiation,
  | 'tls_version'
  | 'cipher_code'
  | 'cipher'
  | 'cipher_raw'
  | 'secret_bits'
  | 'key_exchange_group'
  | 'server_signature'
  | 'forward_secrecy'
  | 'aead'
  | 'post_quantum'
  | 'resumed'
>

export const NO_TLS_FACTS: TlsFacts = {
  tls_version: null,
  cipher_code: null,
  cipher: null,
  cipher_raw: null,
  secret_bits: null,
  key_exchange_group: null,
  server_signature: null,
  forward_secrecy: null,
  aead: null,
  post_quantum: null,
  resumed: null,
}

/** The names that a log line gives, as logged. */
export interface LoggedNames {
  version: string
  cipher: string
  bits: number | null
  group: string | null
  signature: string | null
  digest: string | null
  resumed: boolean | null
}

/** Longest name kept; what is longer is no name of ours. */
const NAME_MAX = 128

/**
 * Turns logged names into facts. What is not known stays raw (`cipher_raw`, the group as logged) and is counted, never guessed.
 */
export function tlsFacts(names: LoggedNames, unknown: UnknownNames): TlsFacts {
  const version = findTlsVersion(names.version)
  if (version === undefined) unknown.count('version', names.version)
  const suite = findCipherSuite(names.cipher, version)
  if (suite === undefined) unknown.count('cipher', names.cipher)
  const group = names.group === null ? undefined : findGroup(names.group)
  if (group === undefined && names.group !== null) unknown.count('group', names.group)
  return {
    tls_version: version ?? null,
    cipher_code: suite?.code ?? null,
    cipher: suite?.name ?? null,
    cipher_raw: names.cipher.slice(0, NAME_MAX),
    secret_bits: names.bits ?? suite?.bits ?? null,
    key_exchange_group: group?.name ?? names.group?.slice(0, NAME_MAX) ?? null,
    server_signature: signatureName(names, unknown),
    forward_secrecy: suite?.forwardSecrecy ?? null,
    aead: suite?.aead ?? null,
    post_quantum: postQuantum(version, group),
    resumed: names.resumed,
  }
}

function signatureName(names: LoggedNames, unknown: UnknownNames): string | null {
  if (names.signature === null) return null
  const found = findSignature(names.signature, names.digest ?? undefined)
  if (found === undefined) unknown.count('signature', names.signature)
  return found ?? names.signature.slice(0, NAME_MAX)
}

/** Post-quantum groups exist for TLS 1.3 alone (draft-ietf-tls-hybrid-design section 1): below it the answer is no without a group. */
function postQuantum(
  version: TlsFacts['tls_version'] | undefined,
  group: { postQuantum: boolean } | undefined,
): boolean | null {
  if (group !== undefined) return group.postQuantum
  if (version === undefined || version === null || version === 'TLSv1_3') return null
  return false
}
