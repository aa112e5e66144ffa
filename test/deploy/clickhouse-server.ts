import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findLibrary } from '@tlsrep/platform/clickhouse/child-library'
import { until } from '../support/mail-host/until.ts'
import { freePort } from '../support/ports.ts'

const SCRIPT = fileURLToPath(new URL('../../services/platform/src/clickhouse/child-process.ts', import.meta.url))
const START_MS = 30_000
const LISTEN = "SYSTEM START LISTEN HTTP; SELECT count() FROM file('-', 'LineAsString', 's String') FORMAT Null"

export interface ConfiguredServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * The ClickHouse server that the tests have, configured as an operator's own: files under `config.d` and `users.d` over settings such as
 * its packages come with.
 * @param files by their path, e.g. `users.d/tlsrep.xml`
 */
export async function startConfiguredServer(files: Readonly<Record<string, string>>): Promise<ConfiguredServer> {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-clickhouse-server-'))
  const port = await freePort()
  const own = {
    'config.xml': `<clickhouse>
  <http_port>${port}</http_port>
  <listen_host>127.0.0.1</listen_host>
  <trace_log><database>system</database><table>trace_log</table></trace_log>
  <query_log><database>system</database><table>query_log</table></query_log>
  <user_directories><users_xml><path>${join(directory, 'users.xml')}</path></users_xml></user_directories>
</clickhouse>`,
    'users.xml': `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
</clickhouse>`,
  }
  for (const folder of ['config.d', 'users.d', 'cwd']) mkdirSync(join(directory, folder))
  for (const [name, text] of Object.entries({ ...own, ...files })) writeFileSync(join(directory, name), text)
  const args = [
    `--config-file=${join(directory, 'config.xml')}`,
    `--path=${join(directory, 'data')}`,
    '--query',
    LISTEN,
  ]
  const child = spawn(process.execPath, [SCRIPT, findLibrary(), ...args], { cwd: join(directory, 'cwd') })
  const words = collectWords(child)
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await until('ClickHouse answers', () => answers(child, url), { timeout: START_MS })
  } catch (error) {
    await stop()
    throw new Error(`ClickHouse does not start: ${words()}`, { cause: error })
  }
  return { url, stop }
}

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
  const response = await fetch(`${url}/ping`).catch(() => undefined)
  return response?.ok === true
}

function collectWords(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text = (text + chunk).slice(-3000)
    })
  }
  return () => text
}
