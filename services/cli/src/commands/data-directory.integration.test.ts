import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../../test/support/ports.ts'
import { withAccess } from '../access/access.ts'
import { doctor } from './doctor.ts'
import { listings } from './listings.ts'
import { migrate } from './migrate.ts'
import { query } from './query.ts'
import { run } from './test-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'tlsrep-directory-'))
const config = join(folder, 'tlsrep.yaml')
const where = (): { config: string } => ({ config })

describe('a data directory on which nothing runs', () => {
  beforeAll(async () => {
    const settings = { data: join(folder, 'data'), clickhouse: { child: { http_port: await freePort() } } }
    writeFileSync(config, JSON.stringify(settings))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

  it('is made by migrate, which says what it did, and has nothing to do the second time', async () => {
    const first = await run((io) => migrate({ ...where(), json: true }, io))
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ from: 0, applied: expect.arrayContaining([expect.anything()]) })
    expect(await run((io) => listings(where(), io))).toEqual({ code: 0, stdout: 'Nobody is listed.\n', stderr: '' })
  })

  it('of two commands at once the second names the first', async () => {
    let release = (): void => {}
    const held = new Promise<number>((resolve) => {
      release = () => resolve(0)
    })
    let holds = (): void => {}
    const isHeld = new Promise<void>((resolve) => {
      holds = resolve
    })
    const first = run((io) =>
      withAccess(where(), io, () => {
        holds()
        return held
      }),
    )
    await isHeld
    const second = await run((io) => listings(where(), io))
    release()
    await first
    expect(second.code).toBe(1)
    expect(second.stderr).toContain(`pid ${process.pid}`)
    expect(second.stderr).toContain('TLSREP_DATA_DIR_HELD')
  })

  it('an interrupted command gives back the directory and exits 130', async () => {
    const interrupt = new AbortController()
    const { code } = await run(
      (io) =>
        withAccess(where(), io, () => {
          interrupt.abort()
          return new Promise<number>(() => {})
        }),
      { signal: interrupt.signal },
    )
    expect(code).toBe(130)
    expect((await run((io) => doctor({ ...where(), json: true }, io))).code).toBe(0)
  })

  it('a directory that is not there is no empty list: commands say so, and make none', async () => {
    const data = join(folder, 'mistyped')
    for (const command of [
      await run((io) => listings({ data }, io)),
      await run((io) => query('weak-peers', { data, limit: 1 }, io)),
      await run((io) => migrate({ data, check: true }, io)),
    ]) {
      expect(command).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(data) })
    }
    expect(await run((io) => doctor({ data }, io))).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no data'),
    })
    expect(existsSync(data)).toBe(false)
  })
})
