import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Docker, dockerAvailable, startDocker } from '../support/docker/docker.ts'
import { type KafkaBroker, kafkaJarsAvailable, startKafka } from '../support/kafka/kafka.ts'
import { mustSucceed } from '../support/mail-host/command.ts'
import { until } from '../support/mail-host/until.ts'
import { freePort } from '../support/ports.ts'
import { type ConfiguredServer, startConfiguredServer } from './clickhouse-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const IMAGE = 'tlsrep-test/tlsrep'
const POSTFIX = 'tlsrep-test/postfix'
const FIRST_TIME_MS = 900_000
const SOON = { timeout: 100_000 }
const MAILS = 12

const unavailable = (await dockerAvailable()) ?? (await kafkaJarsAvailable())
const title = 'the services in containers, against a broker, a ClickHouse and a Postfix'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  // In the repository's own directory: what Docker mounts has to be a path that it sees.
  const directory = mkdtempSync(join(ROOT, 'test/deploy/.run-'))
  const log = `tlsrep-test-log-${process.pid}`
  let docker: Docker
  let broker: KafkaBroker
  let server: ConfiguredServer
  let publisherPort = 0

  beforeAll(async () => {
    docker = await startDocker()
    const build = (file: string, base: string, tag: string, context: string): Promise<unknown> =>
      docker
        .docker(['build', '--network=host', '--build-arg', base, `--file=${file}`, `--tag=${tag}`, context], {
          timeout: FIRST_TIME_MS,
        })
        .then(mustSucceed)
    await build('infra/Dockerfile', `NODE_IMAGE=${docker.nodeImage}`, IMAGE, '.')
    await build('infra/postfix/Dockerfile', `DEBIAN_IMAGE=${docker.debianImage}`, POSTFIX, 'infra/postfix')
    broker = await startKafka({ settings: {} })
    const hash = createHash('sha256').update('secret').digest('hex')
    const user = readFileSync(join(ROOT, 'infra/clickhouse/users.d/tlsrep.xml'), 'utf8')
    server = await startConfiguredServer({ 'users.d/tlsrep.xml': user.replaceAll('@PASSWORD_SHA256@', hash) })
    await writeConfiguration()
  }, FIRST_TIME_MS)

  afterAll(async () => {
    await docker?.docker(['volume', 'rm', '--force', log])
    await docker?.stop()
    await server?.stop()
    await broker?.close()
    rmSync(directory, { recursive: true, force: true })
  }, 120_000)

  /** The one of docker-compose.yml, at the addresses of this test. */
  async function writeConfiguration(): Promise<void> {
    const text = readFileSync(join(ROOT, 'infra/compose/tlsrep.yaml'), 'utf8')
    publisherPort = await freePort()
    const own = text
      .replace('kafka:9092', broker.brokers[0] ?? '')
      .replace('http://clickhouse:8123', server.url)
      .replace('/var/lib/tlsrep-secrets/clickhouse-password', '/etc/tlsrep/clickhouse-password')
      .replace('0.0.0.0:8651', `127.0.0.1:${await freePort()}`)
      .replace('0.0.0.0:8652', `127.0.0.1:${await freePort()}`)
      .replace('0.0.0.0:8653', `127.0.0.1:${publisherPort}`)
      .replace('0.0.0.0:5354', `127.0.0.1:${await freePort()}`)
      .replace('0.0.0.0:10042', `127.0.0.1:${await freePort()}`)
    writeFileSync(join(directory, 'tlsrep.yaml'), own, { mode: 0o644 })
    writeFileSync(join(directory, 'clickhouse-password'), 'secret\n', { mode: 0o644 })
    // For the image's user.
    chmodSync(directory, 0o755)
  }

  function tlsrep(...words: readonly string[]): string[] {
    const confined = [
      '--read-only',
      '--cap-drop=ALL',
      '--security-opt=no-new-privileges:true',
      '--network=host',
      '--tmpfs=/tmp',
    ]
    const mounts = [
      `--volume=${directory}:/etc/tlsrep:ro`,
      `--volume=${log}:/logs/postfix:ro`,
      '--volume=/var/lib/tlsrep',
    ]
    return ['run', ...confined, ...mounts, '--group-add=4', ...words]
  }

  async function wordsOf(name: string): Promise<string> {
    const { stdout, stderr } = await docker.docker(['logs', name])
    return `${stdout}${stderr}`.slice(-3000)
  }

  async function healthOf(name: string): Promise<string> {
    return mustSucceed(await docker.docker(['inspect', '--format={{.State.Health.Status}}', name])).trim()
  }

  it('migrate makes topics and tables, and again nothing', async () => {
    const once = await docker.docker(tlsrep('--rm', IMAGE, 'migrate'))
    expect(mustSucceed(once)).toContain('5 topics made')
    expect(mustSucceed(await docker.docker(tlsrep('--rm', IMAGE, 'migrate')))).toContain('0 topics made, 5 there')
  })

  it('mail in clear to the Postfix of the profile becomes a listing of its sender', async () => {
    // The daemon's network has no name server; a refusal comes at once.
    const names = ['--dns=127.0.0.1', '--add-host=publisher:127.0.0.1']
    const postfix = ['run', '--detach', '--name=postfix', ...names, `--volume=${log}:/var/log/postfix`, POSTFIX]
    mustSucceed(await docker.docker(postfix))
    const probe = ['--health-cmd=node /app/infra/image/health.mjs "$TLSREP_HEALTH_URL"', '--health-interval=2s']
    for (const [name, port] of servicePorts()) {
      const url = `--env=TLSREP_HEALTH_URL=http://127.0.0.1:${port}/health/ready`
      mustSucceed(await docker.docker(tlsrep('--detach', `--name=${name}`, url, ...probe, IMAGE, name)))
    }
    for (const [name] of servicePorts()) {
      await until(`${name} is healthy`, async () => (await healthOf(name)) === 'healthy', SOON).catch(async (error) => {
        throw new Error(`${error}: ${await wordsOf(name)}`)
      })
    }
    await until(
      'Postfix runs',
      async () => (await docker.docker(['exec', 'postfix', 'postfix', 'status'])).code === 0,
      SOON,
    )
    const tried = mustSucceed(await docker.docker(['exec', 'postfix', 'try-it', String(MAILS)], { timeout: 60_000 }))
    const [, address = ''] = / from (\d+\.\d+\.\d+\.\d+)/.exec(tried) ?? []
    expect(address).not.toBe('')
    const listed = async (): Promise<boolean> => {
      const response = await fetch(`http://127.0.0.1:${publisherPort}/v1/listings`)
      return (await response.text()).includes(`${address}/32`)
    }
    await until(`${address} is listed`, listed, SOON).catch(async (error: unknown) => {
      throw new Error(`${error}: ${tried} ${await wordsOf('postfix')}`)
    })
    expect(mustSucceed(await docker.docker(['exec', 'publish', 'tlsrep', 'listings', '--json']))).toContain(
      `${address}/32`,
    )
  })

  it('each stops at SIGTERM with exit status 0', async () => {
    for (const [name] of servicePorts()) {
      mustSucceed(await docker.docker(['stop', '--time=30', name]))
      const status = mustSucceed(await docker.docker(['inspect', '--format={{.State.ExitCode}}', name]))
      expect([name, status.trim()]).toEqual([name, '0'])
    }
  })

  /** As the configuration has them. */
  function servicePorts(): [name: string, port: string][] {
    const text = readFileSync(join(directory, 'tlsrep.yaml'), 'utf8')
    const port = (name: string): string => new RegExp(`^  ${name}: 127\\.0\\.0\\.1:(\\d+)$`, 'm').exec(text)?.[1] ?? ''
    return [
      ['publish', port('publisher')],
      ['score', port('scorer')],
      ['collect', port('collector')],
    ]
  }
})
