import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GenericContainer, Wait } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Docker, dockerAvailable, startDocker } from '../support/docker/docker.ts'
import { mustSucceed, runCommand } from '../support/mail-host/command.ts'
import { BIN } from '../support/tlsrep-command.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CORPUS = join(ROOT, 'test/corpus/postfix-3.7-loglevel1')
const IMAGE = 'tlsrep-test/tlsrep'
/** As docker-compose.yml runs it. */
const CONFINED = [
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges:true',
  '--network=none',
  '--tmpfs=/tmp',
]
/** What the image may add to its base: libraries and source. */
const MOST_ADDED = 60_000_000
const FIRST_TIME_MS = 900_000

const unavailable = await dockerAvailable()
const title = 'the image and docker-compose.yml'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  let docker: Docker

  beforeAll(async () => {
    docker = await startDocker()
    const base = ['--build-arg', `NODE_IMAGE=${docker.nodeImage}`, '--build-arg', 'VERSION=0.1.0']
    // The daemon's own network leads nowhere.
    const build = ['build', '--network=host', ...base, '--file=infra/Dockerfile', `--tag=${IMAGE}`, '.']
    mustSucceed(await docker.docker(build, { timeout: FIRST_TIME_MS }))
  }, FIRST_TIME_MS)

  afterAll(() => docker?.stop(), 60_000)

  async function run(options: readonly string[], ...command: string[]): Promise<string> {
    return mustSucceed(await docker.docker(['run', '--rm', ...CONFINED, ...options, IMAGE, ...command]))
  }

  async function size(image: string): Promise<number> {
    return Number(mustSucceed(await docker.docker(['image', 'inspect', '--format={{.Size}}', image])))
  }

  it('Compose accepts the file, with the profile postfix and without', async () => {
    expect(await docker.compose(['config', '--quiet'])).toMatchObject({ code: 0 })
    const all = mustSucceed(await docker.compose(['--profile=postfix', 'config', '--services']))
    expect(all.trim().split('\n').sort()).toEqual(
      ['clickhouse', 'collector', 'kafka', 'migrate', 'postfix', 'publisher', 'scorer', 'secrets'].sort(),
    )
  })

  it('tells its version on a file system that cannot be written to', async () => {
    const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'services/cli/package.json'), 'utf8'))
    expect((await run([], '--version')).trim()).toBe(version)
  })

  it('parses a log from a read-only mount to the same bytes as outside', async () => {
    const parse = ['parse', '--no-progress', '--tz', 'UTC', join(CORPUS, 'mail.log')]
    const outside = mustSucceed(await runCommand([process.execPath, BIN, ...parse]))
    expect(outside.split('\n').length).toBeGreaterThan(10)
    expect(await run([`--volume=${CORPUS}:${CORPUS}:ro`], ...parse)).toBe(outside)
  })

  it('runs as a user that is not root and may write to its data directory alone', async () => {
    const look =
      'id -u; id -g; touch /var/lib/tlsrep/x && echo data; touch /app/x 2>&1 || true; find / -xdev -writable -type f 2> /dev/null | grep -v ^/proc || true'
    const options = ['--entrypoint=sh', '--tmpfs=/var/lib/tlsrep:uid=10001,gid=10001']
    const [uid, gid, data, app, ...writable] = (await run(options, '-c', look)).trim().split('\n')
    expect([uid, gid, data]).toEqual(['10001', '10001', 'data'])
    expect(app).toContain('Read-only file system')
    expect(writable).toEqual([])
  })

  it("holds neither ClickHouse's library, nor a second Node, nor what only tests need", async () => {
    const packages = (await run(['--entrypoint=sh'], '-c', 'cd /app/node_modules && ls -d * @*/*')).split('\n')
    expect(packages).toContain('kafkajs')
    const unwanted = /^(@chdb|ffi-rs|node-linux|vitest|typescript|testcontainers|@biomejs)/
    expect(packages.filter((name) => unwanted.test(name))).toEqual([])
    expect(await run(['--entrypoint=sh'], '-c', 'find /app/services /app/schemas -name "*.test.ts"')).toBe('')
  })

  it('adds little to its base', async () => {
    const [whole, base] = [await size(IMAGE), await size(docker.nodeImage)]
    console.info(`image ${Math.round(whole / 1e6)} MB, of which its base ${Math.round(base / 1e6)} MB`)
    expect(whole - base).toBeLessThan(MOST_ADDED)
  })

  it('says what it is in the labels of the OCI, and how to ask after its health', async () => {
    const format = '--format={{json .Config}}'
    const config: { Labels: Record<string, string>; Healthcheck: { Test: string[] }; User: string } = JSON.parse(
      mustSucceed(await docker.docker(['image', 'inspect', format, IMAGE])),
    )
    expect(config.User).toBe('10001:10001')
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'tlsrep',
      'org.opencontainers.image.version': '0.1.0',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    })
    expect(config.Healthcheck.Test.join(' ')).toContain('health.mjs')
  })

  it('is unhealthy where nobody answers, and where a service says that it is not ready', async () => {
    const probe = (server: string): string[] => ['-c', `${server} node /app/infra/image/health.mjs; echo "exit $?"`]
    expect(await run(['--entrypoint=sh'], ...probe(''))).toMatch(/nobody answers.*\nexit 1/)
    const serving = (status: number): string =>
      `node -e "require('node:http').createServer((q,r)=>{r.statusCode=${status};r.end('{}')}).listen(8652,'127.0.0.1',()=>console.log('up'))" & sleep 1;`
    expect(await run(['--entrypoint=sh'], ...probe(serving(503)))).toContain('exit 1')
    expect(await run(['--entrypoint=sh'], ...probe(serving(200)))).toContain('exit 0')
  })

  it('makes the password once, in volumes that belong to its user, and gives ClickHouse the hash alone', async () => {
    const [secrets, users] = ['tlsrep-test-secrets', 'tlsrep-test-users']
    const volumes = [
      `--volume=${secrets}:/var/lib/tlsrep-secrets`,
      `--volume=${users}:/var/lib/tlsrep-clickhouse-users`,
    ]
    const files = [`--volume=${join(ROOT, 'infra')}:/infra:ro`, '--entrypoint=sh']
    const make =
      'node /infra/compose/make-secrets.mjs /infra/clickhouse/users.d/tlsrep.xml /var/lib/tlsrep-secrets /var/lib/tlsrep-clickhouse-users'
    const show = 'cat /var/lib/tlsrep-secrets/clickhouse-password /var/lib/tlsrep-clickhouse-users/tlsrep.xml'
    try {
      const first = await run([...volumes, ...files], '-c', `${make} && ${show}`)
      const again = await run([...volumes, ...files], '-c', `${make} && ${show}; stat -c %a /var/lib/tlsrep-secrets/*`)
      const [password = ''] = first.split('\n', 1)
      expect(password).toMatch(/^[\w-]{43}$/)
      expect(first.slice(password.length)).not.toContain(password)
      expect(first).toMatch(/<password_sha256_hex>[0-9a-f]{64}</)
      expect(again).toBe(`${first}400\n`)
    } finally {
      await docker.docker(['volume', 'rm', '--force', secrets, users])
    }
  })

  it('is started by testcontainers', async () => {
    const { DOCKER_HOST, TESTCONTAINERS_RYUK_DISABLED } = process.env
    Object.assign(process.env, { DOCKER_HOST: docker.host, TESTCONTAINERS_RYUK_DISABLED: 'true' })
    try {
      const server = `require('node:http').createServer((q,r)=>r.end(process.version)).listen(8653);process.on('SIGTERM',()=>process.exit())`
      const container = await new GenericContainer(IMAGE)
        .withEntrypoint(['node', '-e', server])
        .withExposedPorts(8653)
        .withWaitStrategy(Wait.forListeningPorts())
        .start()
      try {
        const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(8653)}/`)
        expect(await answer.text()).toMatch(/^v24\./)
        expect(await container.exec(['tlsrep', '--version'])).toMatchObject({ exitCode: 0 })
      } finally {
        await container.stop()
      }
    } finally {
      restore('DOCKER_HOST', DOCKER_HOST)
      restore('TESTCONTAINERS_RYUK_DISABLED', TESTCONTAINERS_RYUK_DISABLED)
    }
  })
})

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
