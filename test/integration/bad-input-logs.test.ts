import { appendFileSync, chmodSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { caughtUp } from '../support/instance/caught-up.ts'
import { expectSound, expectStored, numbers, sessionLines, storedSessions } from '../support/instance/sessions.ts'
import { useInstances } from '../support/instance/use-instances.ts'
import { until } from '../support/mail-host/until.ts'

const instances = useInstances()
const logAt = (name: string): string => join(instances.directory, name)
const NOBODY = 65_534

describe('tlsrep start, while its logs are ill-treated', () => {
  test('a log deleted while it is read: its last lines are stored, it is said, and the new one is read', async () => {
    const log = logAt('mail.log')
    writeFileSync(log, sessionLines(0, 200))
    const instance = await instances.start({ logs: [log] })
    await caughtUp(instance.clickhouse, [log])
    appendFileSync(log, sessionLines(200, 100))
    rmSync(log)
    const said = await instance.said('there is no log', ({ code }) => code === 'TLSREP_LOG_NOT_FOUND')
    expect(said).toMatchObject({ level: 'warn', where: log, msg: expect.stringContaining(`no log at ${log}`) })
    writeFileSync(log, sessionLines(300, 100))
    await caughtUp(instance.clickhouse, [log])
    await instance.said('over', ({ msg, where }) => where === log && msg?.startsWith('over') === true)
    await expectStored(instance.clickhouse, numbers(0, 400))
    expect(await instance.stop()).toBe(0)
  })

  test('a log truncated while it is read: what was emptied unread is said in bytes, what comes after it is read', async () => {
    const log = logAt('mail.log')
    writeFileSync(log, sessionLines(0, 200))
    const instance = await instances.start({ logs: [log], collector: { batch: { events: 100 } } })
    await caughtUp(instance.clickhouse, [log])
    // Its store stands still, so it stops reading in the middle.
    expect(instance.signalClickHouse('SIGSTOP')).toBe(1)
    appendFileSync(log, sessionLines(200, 20_000))
    await until('it is behind', async () => (await instance.metric('tlsrep_behind_bytes')) > 0, { timeout: 20_000 })
    truncateSync(log)
    appendFileSync(log, sessionLines(50_000, 100))
    instance.signalClickHouse('SIGCONT')
    const said = await instance.said('bytes are lost', ({ code }) => code === 'TLSREP_LOG_CUT_SHORT')
    expect(said).toMatchObject({
      level: 'warn',
      where: log,
      msg: expect.stringMatching(/its last [1-9]\d* bytes .* lost/),
    })
    await caughtUp(instance.clickhouse, [log])
    const stored = await storedSessions(instance.clickhouse)
    const before = stored.filter((number) => number < 50_000)
    expect(before).toEqual(numbers(0, before.length))
    expect(before.length).toBeGreaterThanOrEqual(200)
    expect(before.length).toBeLessThan(20_200)
    expect(stored.slice(before.length)).toEqual(numbers(50_000, 100))
    await expectSound(instance.clickhouse)
  })

  test('an unreadable log is named with what to do, others are read meanwhile, and it is read once it may be', async () => {
    const [open, shut] = [logAt('open.log'), logAt('shut.log')]
    writeFileSync(open, sessionLines(0, 100))
    writeFileSync(shut, sessionLines(100, 100))
    chmodSync(instances.directory, 0o755)
    chmodSync(shut, 0)
    // Root may read everything.
    const user = process.getuid?.() === 0 ? { uid: NOBODY } : {}
    const instance = await instances.start({ logs: [open, shut], ...user })
    const said = await instance.said('it may not read', ({ code }) => code === 'TLSREP_LOG_NO_PERMISSION')
    expect(said).toMatchObject({ where: shut, remedy: expect.stringContaining('group that owns the log') })
    await caughtUp(instance.clickhouse, [open])
    await expectStored(instance.clickhouse, numbers(0, 100))
    chmodSync(shut, 0o644)
    await caughtUp(instance.clickhouse, [open, shut])
    await expectStored(instance.clickhouse, numbers(0, 200))
  })

  test('the same file shipped twice, plain and gzipped, and once more after a restart, is counted once', async () => {
    const text = sessionLines(0, 500)
    const [plain, gzipped, late] = [logAt('a.log'), logAt('b.log.gz'), logAt('c.log')]
    writeFileSync(plain, text)
    writeFileSync(gzipped, gzipSync(text))
    const instance = await instances.start({ logs: [plain, gzipped, late] })
    const both = [plain, { path: gzipped, length: Buffer.byteLength(text) }]
    await caughtUp(instance.clickhouse, both)
    await expectStored(instance.clickhouse, numbers(0, 500))
    expect(await instance.metric('tlsrep_discarded_events_total', 'reason="repeated"')).toBe(500)
    expect(await instance.stop()).toBe(0)
    await instance.start()
    writeFileSync(late, text)
    await caughtUp(instance.clickhouse, [...both, late])
    await expectStored(instance.clickhouse, numbers(0, 500))
    expect(await instance.metric('tlsrep_discarded_events_total', 'reason="repeated"')).toBe(500)
  })
})
