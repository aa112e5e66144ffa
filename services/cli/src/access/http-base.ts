import type { Instance } from '@tlsrep/platform/data-dir/instance'

/** Where the running instance answers HTTP, without a slash at the end; null where it does not. */
export function httpBase(instance: Pick<Instance, 'addresses'> | null): string | null {
  const http = instance?.addresses.http ?? null
  return http === null ? null : `${http.tls ? 'https' : 'http'}://${bracketed(http.host)}:${http.port}`
}

/** A host as it stands before a port. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Why a request failed, in one line: fetch keeps the reason in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
