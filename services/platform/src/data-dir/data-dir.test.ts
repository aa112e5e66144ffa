import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { OperatorError } from '../errors/operator-error.ts'
import { dataDirError, openDataDir } from './data-dir.ts'
import { type Instance, readInstance } from './instance.ts'
import { takeLock } from './lock.ts'
import { ownIdentity, stateOf } from './process-identity.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tlsrep-data-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const INSTANCE: Instance = {
  pid: process.pid,
  version: '0.1.0',
  started_at: 1,
  config: null,
  addresses: {
    http: { host: '127.0.0.1', port: 1, tls: false },
    dnsbl: null,
    policy_service: 'unix:/p',
    clickhouse: null,
  },
}
const FAST = { beat: 20, silence: 100 }

/** A process that takes the directory, says so (or what stopped it), and stays. */
async function holder(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    const { openDataDir } = await import(${JSON.stringify(new URL('./data-dir.ts', import.meta.url).href)})
    try {
      await openDataDir(${JSON.stringify(directory)})
      console.log('holds')
      setInterval(() => {}, 1000)
    } catch (error) { console.log(error.code) }
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout, 'data')
  return { child, said: String(said).trim() }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('a data directory', () => {
  it('is made for its user alone', async () => {
    const data = await openDataDir(join(root, 'a/b'))
    expect(statSync(data.path).mode & 0o777).toBe(0o700)
    expect(data.warnings.filter((text) => text.includes('mode'))).toEqual([])
    await data.release()
  })

  it('is held by one process, which is named to the next', async () => {
    const { child } = await holder(root)
    await expect(openDataDir(root)).rejects.toMatchObject({
      code: 'TLSREP_DATA_DIR_HELD',
      where: root,
      message: expect.stringContaining(`pid ${child.pid}`),
      remedy: expect.stringContaining(`kill ${child.pid}`),
    })
    await killed(child)
  })

  it('is free again after a clean stop, and after kill -9', async () => {
    await (await openDataDir(root)).release()
    const { child, said } = await holder(root)
    expect(said).toBe('holds')
    await killed(child)
    const data = await openDataDir(root)
    await expect(openDataDir(root)).rejects.toMatchObject({ code: 'TLSREP_DATA_DIR_HELD' })
    await data.release()
  })

  it('tells the commands where the instance answers, as long as it runs', async () => {
    expect(await readInstance(root)).toBeUndefined()
    const data = await openDataDir(root)
    expect(await readInstance(root)).toBeUndefined()
    await data.announce(INSTANCE)
    expect(await readInstance(root)).toEqual(INSTANCE)
    expect(statSync(join(root, 'instance.json')).mode & 0o777).toBe(0o600)
    await data.release()
    expect(await readInstance(root)).toBeUndefined()
  })

  it('does not take the word of an instance that was killed', async () => {
    const { child } = await holder(root)
    writeFileSync(join(root, 'instance.json'), JSON.stringify({ ...INSTANCE, pid: child.pid }))
    expect(await readInstance(root)).toMatchObject({ pid: child.pid })
    await killed(child)
    expect(await readInstance(root)).toBeUndefined()
    const data = await openDataDir(root)
    expect(existsSync(join(root, 'instance.json'))).toBe(false)
    await data.release()
  })

  it('warns where others may enter it, and where the disk is nearly full', async () => {
    chmodSync(root, 0o755)
    const data = await openDataDir(root, { lowSpace: Number.MAX_SAFE_INTEGER })
    expect(data.warnings).toEqual([expect.stringContaining('mode 755'), expect.stringMatching(/only \d+ MB left/)])
    await data.release()
  })

  it('says that its path is a file', async () => {
    writeFileSync(join(root, 'file'), '')
    await expect(openDataDir(join(root, 'file'))).rejects.toMatchObject({
      code: 'TLSREP_DATA_DIR_UNUSABLE',
      message: expect.stringContaining('a file'),
    })
    await expect(openDataDir(join(root, 'file/x'))).rejects.toMatchObject({ code: 'TLSREP_DATA_DIR_UNUSABLE' })
  })

  it.each([
    ['ENOSPC', 'TLSREP_DISK_FULL'],
    ['EDQUOT', 'TLSREP_DISK_FULL'],
    ['EROFS', 'TLSREP_DATA_DIR_UNUSABLE'],
    ['EACCES', 'TLSREP_DATA_DIR_UNUSABLE'],
  ])('puts %s into words', (errno, code) => {
    const error = dataDirError('/d', Object.assign(new Error('x'), { code: errno }))
    expect(error).toBeInstanceOf(OperatorError)
    expect(error).toMatchObject({ code, where: '/d' })
  })

  it('leaves a bug what it is', () => {
    const bug = new TypeError('x')
    expect(dataDirError('/d', bug)).toBe(bug)
  })
})

describe('the lock', () => {
  const self = { pid: process.pid, command: 'test', host: 'here', since: 0 }
  const stale = (more: object) =>
    JSON.stringify({
      ...ownIdentity(),
      pid: 2 ** 22 + 1,
      command: 'old',
      host: 'elsewhere',
      since: 0,
      released: false,
      ...more,
    })
  const put = (text: string) => {
    mkdirSync(join(root, 'lock'))
    writeFileSync(join(root, 'lock/7'), text)
  }
  const folder = () => join(root, 'lock')

  it.each([
    ['a process that is gone', () => stale({})],
    ['an earlier process with the number of one that lives', () => stale({ pid: process.pid, start_ticks: '1' })],
    [
      'one that was released',
      () => stale({ pid: process.pid, start_ticks: ownIdentity().start_ticks, released: true }),
    ],
    ['a file that no process wrote', () => '{'],
  ])('is taken over from %s, by one of many at once', async (_, text) => {
    put(text())
    const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(folder(), self)))
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
    expect(readdirSync(folder())).toEqual(['8'])
  })

  it('has one holder at a time, however many come and go', async () => {
    let holders = 0
    let taken = 0
    const come = async () => {
      for (let round = 0; round < 15; round++) {
        const lock = await takeLock(folder(), self)
        if (!lock.ok) continue
        holders++
        taken++
        expect(holders).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        holders--
        await lock.release()
      }
    }
    await Promise.all(Array.from({ length: 8 }, come))
    expect(taken).toBeGreaterThan(0)
    expect((await takeLock(folder(), self)).ok).toBe(true)
  })

  it('goes to one of several processes that start after kill -9', async () => {
    await killed((await holder(root)).child)
    const starters = await Promise.all(Array.from({ length: 4 }, () => holder(root)))
    expect(starters.map(({ said }) => said).sort()).toEqual([...Array(3).fill('TLSREP_DATA_DIR_HELD'), 'holds'])
    for (const { child, said } of starters) if (said === 'holds') await killed(child)
  })

  it('stays with a holder in another container as long as that shows life, and not longer', async () => {
    put(stale({ pid_namespace: 'pid:[1]' }))
    const beat = setInterval(() => writeFileSync(join(folder(), '7'), stale({ pid_namespace: 'pid:[1]' })), FAST.beat)
    expect(await takeLock(folder(), self, FAST)).toMatchObject({
      ok: false,
      visible: false,
      holder: { host: 'elsewhere' },
    })
    clearInterval(beat)
    expect(await takeLock(folder(), self, FAST)).toMatchObject({ ok: true })
  })

  it('is touched by its holder, so that others see life', async () => {
    const lock = await takeLock(folder(), self, FAST)
    const before = statSync(join(folder(), '1')).mtimeMs
    while (statSync(join(folder(), '1')).mtimeMs === before) await new Promise((resolve) => setTimeout(resolve, 10))
    if (lock.ok) await lock.release()
    expect(JSON.parse(readFileSync(join(folder(), '1'), 'utf8'))).toMatchObject({ released: true })
  })
})

test('a zombie is dead, and this process is not', async () => {
  expect(stateOf(ownIdentity())).toBe('alive')
  // The shell's child ends when the shell has become another program, which does not ask for its children.
  const parent = spawn('sh', ['-c', 'sh -c "read _ <&3" & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  const [line] = await once(parent.stdio[1] as Readable, 'data')
  const pid = Number(String(line))
  const zombie = { ...ownIdentity(), pid, start_ticks: null }
  const isNow = async (of: number | undefined, what: RegExp): Promise<void> => {
    while (!what.test(readFileSync(`/proc/${of}/stat`, 'latin1')))
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await isNow(parent.pid, /\(sleep\)/)
  ;(parent.stdio[3] as Writable).end('go\n')
  await isNow(pid, /\) Z /)
  expect(stateOf(zombie)).toBe('dead')
  await killed(parent)
})
