import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TlsrepInstance } from '../support/instance/tlsrep-instance.ts'
import { useInstances } from '../support/instance/use-instances.ts'

const instances = useInstances()
const logOfTest = (): string => {
  const log = join(instances.directory, 'mail.log')
  writeFileSync(log, '')
  return log
}

describe('tlsrep start, where it cannot', () => {
  test('with typos in its configuration says of each the line, the key and what to write, and exits 2', async () => {
    const instance = await instances.prepare({ logs: [] })
    const lines = ['colector:', '  name: mx1', 'publisher:', '  mode: tagg', 'http:', '  listen: 127.0.0.1:99999', '']
    writeFileSync(instance.configFile, lines.join('\n'))
    instance.spawn()
    expect(await instance.exited()).toBe(2)
    const said = instance.stderr
    expect(said).toContain(`${instance.configFile}:1`)
    expect(said).toMatch(/colector: .*\n.*collector/)
    expect(said).toContain(`${instance.configFile}:4`)
    expect(said).toMatch(/publisher\.mode: .*tagg.*\n.*observe, tag, defer, reject/)
    expect(said).toContain(`${instance.configFile}:6`)
    expect(said).toMatch(/http\.listen: .*99999\n.*1 to 65535/)
    expect(said).toContain('TLSREP_CONFIG_INVALID')
    expect(said).not.toContain('fault of tlsrep')
  })

  test('with a port in use names the port and who holds it, and ends; once the port is free it starts', async () => {
    const instance = await instances.prepare({ logs: [logOfTest()] })
    for (const [service, port] of Object.entries(instance.ports)) {
      const holder = createServer().listen(port, '127.0.0.1')
      await once(holder, 'listening')
      instance.spawn()
      expect(await instance.exited(), service).toBe(1)
      holder.close()
      expect(instance.stderr).toContain('TLSREP_PORT_IN_USE')
      expect(instance.stderr).toContain(String(port))
      expect(instance.stderr).toContain(String(process.pid))
      expect(instance.stderr).not.toContain('fault of tlsrep')
    }
    await instance.start()
    expect(await instance.stop()).toBe(0)
  })

  test('with a data directory that another process holds names that process, which goes on', async () => {
    const first = await instances.start({ logs: [logOfTest()] })
    const second = await instances.prepare({ logs: [logOfTest()], data: first.data })
    second.spawn()
    expect(await second.exited()).toBe(1)
    expect(second.stderr).toContain('TLSREP_DATA_DIR_HELD')
    expect(second.stderr).toContain(`pid ${first.pid}`)
    expect(second.stderr).toContain(first.data)
    await first.ready()
    expect(await sessionsOf(first)).toBe(0)
    expect(await first.stop()).toBe(0)
  })
})

async function sessionsOf({ clickhouse }: TlsrepInstance): Promise<number | undefined> {
  return (await clickhouse.rows<{ n: number }>('SELECT count() AS n FROM tls_events'))[0]?.n
}
