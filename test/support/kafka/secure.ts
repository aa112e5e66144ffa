import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SECURE_USER = { username: 'tlsrep', password: 'of-the-test' }

/** Broker settings for the listener SECURE (TLS with a certificate made here, SASL/PLAIN). The certificate stands in `certificate.pem`. */
export function secureSettings(directory: string): Record<string, string> {
  const [key, certificate, store] = ['key.pem', 'certificate.pem', 'keystore.pem'].map((name) => join(directory, name))
  if (key === undefined || certificate === undefined || store === undefined) throw new Error('no names')
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    key,
    '-out',
    certificate,
  ]
  const { status, stderr } = spawnSync('openssl', made, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl cannot make a certificate: ${stderr}`)
  writeFileSync(store, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'))
  const { username, password } = SECURE_USER
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': store,
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.secure.plain.sasl.jaas.config': `${module} required user_${username}="${password}";`,
  }
}

/** Empty where it has none. */
export function certificateOf(directory: string): string {
  const path = join(directory, 'certificate.pem')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
