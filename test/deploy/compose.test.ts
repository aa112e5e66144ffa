import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { KAFKA_VERSION } from '../support/kafka/versions.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')

interface Service {
  image: string
  build?: unknown
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  restart: string
  read_only?: boolean
  cap_drop?: string[]
  volumes?: string[]
  profiles?: string[]
  networks?: string[]
  healthcheck?: { test?: string[]; disable?: boolean }
  depends_on?: Record<string, { condition: string }>
}

const file: { version?: string; services: Record<string, Service>; volumes: Record<string, unknown> } = parse(text, {
  merge: true,
})
const services = Object.entries(file.services)
const ours = services.filter(([, { image }]) => image.includes('TLSREP_IMAGE'))
const running = ours.filter(([, { restart }]) => restart !== 'no')

describe('docker-compose.yml', () => {
  it('has no version line, which Compose 2 warns about', () => {
    expect(file).not.toHaveProperty('version')
  })

  it('runs one process a service out of one image', () => {
    expect(running.map(([name, { command }]) => [name, command?.[0]])).toEqual([
      ['collector', 'collect'],
      ['scorer', 'score'],
      ['publisher', 'publish'],
    ])
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1)
  })

  it('opens ports on the loopback of the host alone', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(0)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+(\/udp|\/tcp)?$/)
  })

  it('names a version of every image that is not built here', () => {
    const foreign = services.filter(([, { build }]) => build === undefined).map(([, { image }]) => image)
    expect(foreign).toHaveLength(2)
    for (const image of foreign) expect(image).toMatch(/:-[^:}]+:\d+\.\d+[^}]*\}$/)
  })

  it('has the broker that the tests have', () => {
    const { kafka } = file.services
    expect(kafka?.image).toBe(`\${KAFKA_IMAGE:-apache/kafka:${KAFKA_VERSION}}`)
    const example = readFileSync(join(ROOT, 'infra/compose/env.example'), 'utf8')
    expect(example).toContain(`\nKAFKA_IMAGE=apache/kafka:${KAFKA_VERSION}\n`)
  })

  it('holds no password', () => {
    for (const [, { environment = {} }] of services) {
      expect(Object.keys(environment).filter((name) => /PASS|SECRET|TOKEN/i.test(name))).toEqual([])
    }
  })

  it('gives our containers no capability and no root file system to write to', () => {
    for (const [, service] of ours) expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
  })

  it('starts the services when Kafka and ClickHouse are healthy and the migration has ended well', () => {
    for (const [, { depends_on }] of running) {
      expect(depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
        kafka: { condition: 'service_healthy' },
        clickhouse: { condition: 'service_healthy' },
      })
    }
    for (const name of ['kafka', 'clickhouse']) expect(file.services[name]?.healthcheck?.test?.[0]).toBe('CMD')
  })

  it('keeps Kafka and ClickHouse from the network that mail servers are on', () => {
    const onMail = services.filter(([, { networks }]) => networks?.includes('mail')).map(([name]) => name)
    expect(onMail).toEqual(['publisher', 'postfix'])
  })

  it('starts Postfix only when asked to', () => {
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name)).toEqual(['postfix'])
  })

  it('gives each volume a use', () => {
    const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]))
    for (const name of Object.keys(file.volumes)) expect(used).toContain(name)
  })

  it('takes from the environment exactly what env.example says, with the defaults that it says', () => {
    const taken = [...text.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name, value]) => `${name}=${value}`)
    const told = readFileSync(join(ROOT, 'infra/compose/env.example'), 'utf8')
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line))
    expect([...new Set(taken)].sort()).toEqual(told.sort())
  })

  it('has a configuration that is right, and addresses that it publishes', () => {
    const path = join(ROOT, 'infra/compose/tlsrep.yaml')
    const readable = (name: string): string =>
      // The password is made in a volume.
      readFileSync(name, 'utf8').replace('/var/lib/tlsrep-secrets/clickhouse-password', path)
    const loaded = loadConfig({ explicitPath: path, cwd: ROOT, readFile: readable, env: {} })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const { http, publisher } = loaded.config
    const published = (name: string): string[] => file.services[name]?.ports ?? []
    expect(published('collector')).toContain(`127.0.0.1:${http.collector.port}:${http.collector.port}`)
    expect(published('scorer')).toContain(`127.0.0.1:${http.scorer.port}:${http.scorer.port}`)
    expect(published('publisher')).toContain(`127.0.0.1:${http.publisher.port}:${http.publisher.port}`)
    const { port } = publisher.outputs.dnsbl.listen
    for (const protocol of ['udp', 'tcp'])
      expect(published('publisher')).toContain(`127.0.0.1:${port}:${port}/${protocol}`)
    expect(publisher.mode).toBe('observe')
  })
})
