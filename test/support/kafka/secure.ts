import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateFor127001, certificateNamed, type KeyPair } from './certificate.ts'

export const SECURE_USER = { username: 'tlsrep', password: 'of-the-test' }

const NO_PAIR: KeyPair = { key: '', certificate: '' }
const MODULES = 'org.apache.kafka.common.security'

/**
 * Broker settings for two listeners with a certificate made here: SECURE (SASL by PLAIN or SCRAM) and MUTUAL (asks for the client's
 * certificate). The certificates stand in the directory.
 */
export function secureSettings(directory: string): Record<string, string> {
  const [store, trusted] = [join(directory, 'keystore.pem'), join(directory, 'trusted.pem')]
  const [broker, client] = [certificateFor127001(), certificateNamed(SECURE_USER.username)]
  writeFileSync(store, broker.key + broker.certificate)
  writeFileSync(trusted, client.certificate)
  keep(directory, 'broker', broker)
  keep(directory, 'client', client)
  const { username, password } = SECURE_USER
  const scram = `${MODULES}.scram.ScramLoginModule required;`
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': store,
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required user_${username}="${password}";`,
    'listener.name.secure.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.secure.scram-sha-512.sasl.jaas.config': scram,
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.mutual.ssl.truststore.type': 'PEM',
    'listener.name.mutual.ssl.truststore.location': trusted,
  }
}

/** Arguments of the storage tool that make the user of SCRAM: brokers keep it in their metadata. */
export function scramUsers(): string[] {
  const { username, password } = SECURE_USER
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ])
}

/** What `secureSettings` has made; empty where it has not. */
export function pairOf(directory: string, whose: 'broker' | 'client'): KeyPair {
  const [key, certificate] = pathsOf(directory, whose)
  return existsSync(key) ? { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') } : NO_PAIR
}

function keep(directory: string, whose: string, pair: KeyPair): void {
  const [key, certificate] = pathsOf(directory, whose)
  writeFileSync(key, pair.key, { mode: 0o600 })
  writeFileSync(certificate, pair.certificate)
}

function pathsOf(directory: string, whose: string): [string, string] {
  return [join(directory, `${whose}.key`), join(directory, `${whose}.crt`)]
}
