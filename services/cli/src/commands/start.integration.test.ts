import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../../test/support/mail-host/until.ts'
import { freePort } from '../../../../test/support/ports.ts'
import { BIN } from '../../../../test/support/tlsrep-command.ts'
import { findMailLogs } from '../embedded/find-logs.ts'
import { doctor } from './doctor.ts'
import { listings } from './listings.ts'
import { type Outcome, objects, run } from './test-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'tlsrep-start-'))
const running = new Set<ChildProcess>()
let config = ''
let http = 0

beforeAll(async () => {
  const [httpPort, dnsbl, policy, clickhouse] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  http = httpPort
  config = join(directory, 'tlsrep.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      http: { listen: `127.0.0.1:${http}` },
      clickhouse: { child: { http_port: clickhouse } },
      publisher: {
        outputs: { dnsbl: { listen: `127.0.0.1:${dnsbl}` }, policy_service: { listen: `127.0.0.1:${policy}` } },
      },
    }),
  )
})

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

interface Started {
  said: Omit<Outcome, 'code'>
  ended: Promise<number>
  /** Presses Ctrl-C. @returns the exit code */
  interrupt(): Promise<number>
}

function start(...argv: string[]): Started {
  const env = { ...process.env, TZ: 'UTC', NO_COLOR: '1' }
  const child = spawn(process.execPath, [BIN, 'start', ...argv], {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    said.stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    said.stderr += String(chunk)
  })
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return Number(code)
  })
  const interrupt = (): Promise<number> => {
    child.kill('SIGINT')
    return ended
  }
  return { said, ended, interrupt }
}

/** Starts, waits until all is said, and stops as a person does. */
async function session(...argv: string[]): Promise<Outcome> {
  const { said, interrupt } = start('--config', config, ...argv)
  await until('what to try is said', () => said.stdout.includes('Try,'), { timeout: 60_000 }).catch(
    (error: unknown) => {
      throw new Error(`it only said:\n${said.stdout}${said.stderr}`, { cause: error })
    },
  )
  return { code: await interrupt(), ...said }
}

describe('tlsrep start', () => {
  const { readable } = findMailLogs()

  it.skipIf(readable.length > 0)(
    'on a machine without a mail log plays the sample, shows what came of it, and goes on where it was at the next start',
    async () => {
      const first = await session('--data', 'd')
      expect(first.code).toBe(0)
      expect(first.stdout).toMatch(/Reading +a sample log/)
      expect(first.stdout).toMatch(/Sessions +167 stored\. Inbound: 111 negotiated, 39 plaintext/)
      expect(first.stdout).toMatch(/Listed +203\.0\.113\.45\/32 +reject: 18 sent mail in clear/)
      expect(first.stdout).toMatch(/DNSBL +asked just now for 203\.0\.113\.45: 127\.0\.0\.4 \(tag/)
      expect(first.stdout).toMatch(/Mode +observe: nothing is done/)
      expect(first.stdout).toContain(`explain 203.0.113.45 --config ${config} --data d`)
      expect(first.stdout).toContain('Stopped.')
      expect(first.stderr.split('\n').filter((line) => line.includes('release'))).toHaveLength(1)

      const second = await session('--data', 'd')
      expect(second.stdout).toMatch(/Reading +the sample log of the first start/)
      expect(second.stdout).toMatch(/Sessions +167 stored earlier, nothing new/)
    },
    120_000,
  )

  it('says that a log is not there, and runs; a command that comes at once waits until it is up', async () => {
    const { said, interrupt } = start('--config', config, '--data', 'e', '--log', 'mial.log')
    const held = (): boolean => said.stderr.includes('ClickHouse is up')
    await until('it holds the directory', held, { timeout: 60_000 })
    const data = join(directory, 'e')
    const listed = await run((io) => listings({ data, config, json: true }, io))
    expect(listed).toEqual({ code: 0, stdout: '', stderr: '' })
    await until('what to try is said', () => said.stdout.includes('Try,'), { timeout: 60_000 })
    expect(said.stdout.replaceAll(/\s+/g, ' ')).toContain('Reading mial.log (not there: check the path;')
    expect(said.stdout).toMatch(/Sessions +none yet/)
    expect(said.stdout).toMatch(/DNSBL +asked just now for its test entry: 127\.0\.0\.2/)

    // No file is named: the one that the instance was started with holds.
    const found = objects((await run((io) => doctor({ data, json: true }, io))).stdout)
    expect(found.find(({ part }) => part === 'dnsbl')).toMatchObject({ state: 'ok' })
    expect(await interrupt()).toBe(0)
  }, 120_000)

  it('with a port that is taken names who holds it, stops and exits 1', async () => {
    const server = createServer().listen(http, '127.0.0.1')
    await once(server, 'listening')
    const { said, ended } = start('--config', config, '--data', 'f')
    expect(await ended).toBe(1)
    server.close()
    expect(said.stderr).toContain(`HTTP cannot listen on 127.0.0.1:${http}/tcp`)
    expect(said.stderr).toContain(`pid ${process.pid}`)
  }, 60_000)

  it('with a broken configuration says all that is wrong, and exits 2', async () => {
    const broken = join(directory, 'broken.yaml')
    writeFileSync(broken, 'dta: x\nhttp: { listen: here }\npublisher: { mode: tga }\n')
    const { said, ended } = start('--config', broken)
    expect(await ended).toBe(2)
    for (const place of ['1:1: dta', '2:17: http.listen', '3:20: publisher.mode']) {
      expect(said.stderr).toContain(`${broken}:${place}`)
    }
  }, 60_000)
})
