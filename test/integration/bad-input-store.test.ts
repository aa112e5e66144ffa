import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClickHouseUnavailable } from '@tlsrep/platform/clickhouse/unavailable'
import { describe, expect, test } from 'vitest'
import { useClickHouse } from '../support/clickhouse.ts'
import { caughtUp } from '../support/instance/caught-up.ts'
import { expectStored, numbers, sessionLines } from '../support/instance/sessions.ts'
import { mountSmallDisk, smallDiskUnavailable } from '../support/instance/small-disk.ts'
import type { TlsrepInstance } from '../support/instance/tlsrep-instance.ts'
import { useInstances } from '../support/instance/use-instances.ts'
import { until } from '../support/mail-host/until.ts'
import { freePort } from '../support/ports.ts'
import { forward } from '../support/services/forward.ts'

const instances = useInstances()
const logAt = (name: string): string => join(instances.directory, name)

describe('tlsrep start, when its store fails it', () => {
  const noDisk = smallDiskUnavailable()

  test.skipIf(noDisk !== null)(
    'a full disk: it says so, waits, and loses nothing once there is room',
    async () => {
      const disk = mountSmallDisk('400m')
      const log = logAt('mail.log')
      writeFileSync(log, sessionLines(0, 200))
      const instance = await instances.prepare({ logs: [log], data: join(disk.path, 'data') })
      try {
        await instance.start()
        await caughtUp(instance.clickhouse, [log])
        disk.fill()
        appendFileSync(log, sessionLines(200, 3000))
        const said = await instance.said(
          'no room',
          ({ msg, reason }) => /not available/.test(msg ?? '') && /space/i.test(reason ?? ''),
        )
        expect(said).toMatchObject({ level: 'warn', reason: expect.stringMatching(/No space left|not enough space/i) })
        appendFileSync(log, sessionLines(3200, 100))
        disk.makeRoom()
        await caughtUp(instance.clickhouse, [log])
        await expectStored(instance.clickhouse, numbers(0, 3300))
        expect(await instance.stop()).toBe(0)

        disk.fill()
        instance.spawn()
        expect(await instance.exited()).toBe(1)
        expect(instance.stderr).toContain('TLSREP_DISK_FULL')
        expect(instance.stderr).toContain('Make room')
        disk.makeRoom()
        await instance.start()
        await expectStored(instance.clickhouse, numbers(0, 3300))
      } finally {
        await instance.dispose()
        disk.remove()
      }
    },
    120_000,
  )

  test('a damaged checkpoint: it says so, reads the log from its beginning, and counts nothing twice', async () => {
    const log = logAt('mail.log')
    writeFileSync(log, sessionLines(0, 300))
    const instance = await instances.start({ logs: [log] })
    await caughtUp(instance.clickhouse, [log])
    await instance.clickhouse.command(
      `INSERT INTO input_checkpoints (key, version, tombstone, record, collector, input, source_name, emitted_to, resume_from)
       SELECT key, version + 1, false, 'no checkpoint', collector, input, source_name, emitted_to, resume_from FROM input_checkpoints FINAL`,
    )
    await instance.kill()
    appendFileSync(log, sessionLines(300, 100))
    await instance.start()
    const said = await instance.said('its position', ({ code }) => code === 'TLSREP_CHECKPOINT_UNUSABLE')
    expect(said).toMatchObject({ level: 'warn', msg: expect.stringContaining('not counted again') })
    await caughtUp(instance.clickhouse, [log])
    await expectStored(instance.clickhouse, numbers(0, 400))
    expect(await instance.metric('tlsrep_discarded_events_total', 'reason="repeated"')).toBe(300)
  })

  test('ClickHouse killed in the middle of an insert, twice: it is started again, and nothing is lost or there twice', async () => {
    const log = logAt('mail.log')
    writeFileSync(log, '')
    const instance = await instances.start({ logs: [log] })
    let written = 0
    // An insert takes some milliseconds: one is seen in the end because more and more of them come.
    const writesOn = (): Promise<boolean> => {
      appendFileSync(log, sessionLines(written, 500))
      written += 500
      return insertsEvents(instance)
    }
    for (let kills = 0; kills < 2; kills++) {
      await until('an insert of events is under way', writesOn, { timeout: 30_000 })
      expect(instance.killClickHouse()).toBe(1)
    }
    await caughtUp(instance.clickhouse, [log])
    await expectStored(instance.clickhouse, numbers(0, written))
    const said = await instance.said('ClickHouse is gone', ({ msg }) => /ClickHouse is gone/.test(msg ?? ''))
    expect(said).toMatchObject({ level: 'error', how: 'was ended by SIGKILL' })
    expect(await instance.stop()).toBe(0)
  }, 120_000)
})

describe('tlsrep start on a ClickHouse server of the operator’s own', () => {
  const server = useClickHouse()

  test('which is away at the start: it is waited for, a stop ends the waiting, and then all is stored', async () => {
    const log = logAt('mail.log')
    writeFileSync(log, sessionLines(0, 200))
    const passwordFile = logAt('password')
    writeFileSync(passwordFile, server.child.password)
    const port = await freePort()
    const clickhouse = {
      url: `http://127.0.0.1:${port}`,
      user: server.child.username,
      password_file: passwordFile,
      database: 'late',
    }
    const instance = await instances.prepare({ logs: [log], clickhouse })
    const waits = () => instance.said('it waits', ({ msg }) => msg === 'ClickHouse is not available, trying again')
    instance.spawn()
    await waits()
    expect(await instance.stop()).toBe(0)

    instance.entries.length = 0
    instance.spawn()
    await waits()
    const stopForwarding = await forward(port, Number(new URL(server.child.url).port))
    try {
      await instance.ready()
      const stored = server.emptyDatabase({ database: 'late' })
      await caughtUp(stored, [log])
      await expectStored(stored, numbers(0, 200))
      expect(await instance.stop()).toBe(0)
    } finally {
      await stopForwarding()
    }
  })
})

async function insertsEvents({ clickhouse }: TlsrepInstance): Promise<boolean> {
  for (let look = 0; look < 20; look++) {
    try {
      const [inserts] = await clickhouse.rows<{ n: number }>(
        "SELECT count() AS n FROM system.processes WHERE query_kind = 'Insert' AND query LIKE '%tls_events%'",
      )
      if (inserts !== undefined && inserts.n > 0) return true
    } catch (error) {
      if (!(error instanceof ClickHouseUnavailable)) throw error
    }
  }
  return false
}
