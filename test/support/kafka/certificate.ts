import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Private key (PKCS#8) and certificate, PEM. */
export interface KeyPair {
  key: string
  certificate: string
}

/** Signed by itself, for a server at 127.0.0.1. */
export function certificateFor127001(): KeyPair {
  return selfSigned('127.0.0.1', ['-addext', 'subjectAltName=IP:127.0.0.1'])
}

/** Signed by itself, with nothing but a name. */
export function certificateNamed(name: string): KeyPair {
  return selfSigned(name, [])
}

function selfSigned(name: string, extensions: readonly string[]): KeyPair {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-certificate-'))
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  try {
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, ...extensions]
    const { status, stderr } = spawnSync('openssl', [...made, '-keyout', key, '-out', certificate], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`openssl cannot make a certificate: ${stderr}`)
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
