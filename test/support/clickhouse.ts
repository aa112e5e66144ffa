import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ClickHouseChild,
  type ClickHouseChildOptions,
  startClickHouseChild,
} from '@tlsrep/platform/clickhouse/child'
import { type ClickHouse, type ClickHouseOptions, openClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { migrate } from '@tlsrep/platform/clickhouse/migrate'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { type Logger, pino } from 'pino'
import { afterAll, beforeAll } from 'vitest'
import { freePort } from './ports.ts'

/** For rooms under test that want a logger. */
export const silentLogger: Logger = pino({ level: 'silent' })

/** A real ClickHouse server of a test file's own, in a temporary directory. */
export interface TestClickHouse {
  readonly child: ClickHouseChild
  readonly dataDir: string
  /** An adapter to a database of its own with all tables; closed at the end of the file. */
  freshDatabase(): Promise<ClickHouse>
  /** An adapter to a database that is not there yet; closed at the end of the file. */
  emptyDatabase(options?: Partial<ClickHouseOptions>): ClickHouse
}

/** Starts a server before the tests of the file or suite, and removes it after them, whether they pass or not. */
export function useClickHouse(options: Partial<ClickHouseChildOptions> = {}): TestClickHouse {
  let server: Awaited<ReturnType<typeof startTestClickHouse>> | undefined
  beforeAll(async () => {
    server = await startTestClickHouse(options)
  }, 60_000)
  afterAll(() => server?.stop(), 60_000)
  const started = () => {
    if (server === undefined)
      throw new Error('the ClickHouse server starts in beforeAll: use it in tests and later hooks')
    return server
  }
  return {
    get child() {
      return started().child
    },
    get dataDir() {
      return started().dataDir
    },
    freshDatabase: () => started().freshDatabase(),
    emptyDatabase: (changes) => started().emptyDatabase(changes),
  }
}

/** The same without vitest's hooks: whoever starts it stops it. */
export async function startTestClickHouse(
  options: Partial<ClickHouseChildOptions> = {},
): Promise<TestClickHouse & { stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tlsrep-clickhouse-'))
  const child = await startOnFreePort({ dataDir, tcpPort: null, logger: silentLogger, ...options })
  const opened: ClickHouse[] = []
  const emptyDatabase = (changes: Partial<ClickHouseOptions> = {}): ClickHouse => {
    const { url, username, password } = child
    const clickhouse = openClickHouse({
      url,
      username,
      password,
      database: `test_${randomBytes(6).toString('hex')}`,
      ...changes,
    })
    opened.push(clickhouse)
    return clickhouse
  }
  return {
    child,
    dataDir,
    emptyDatabase,
    async freshDatabase() {
      const clickhouse = emptyDatabase()
      await migrate(clickhouse, { logger: silentLogger })
      return clickhouse
    },
    async stop() {
      await Promise.allSettled(opened.map((clickhouse) => clickhouse.close()))
      await child.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Another process may take the port between our looking and ClickHouse's listening. */
async function startOnFreePort(options: Omit<ClickHouseChildOptions, 'httpPort'>): Promise<ClickHouseChild> {
  for (let tries = 1; ; tries++) {
    try {
      return await startClickHouseChild({ httpPort: await freePort(), ...options })
    } catch (error) {
      if (!(error instanceof OperatorError && error.code === 'TLSREP_PORT_IN_USE') || tries === 5) throw error
    }
  }
}
