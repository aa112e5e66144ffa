import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type InstanceOptions, TlsrepInstance } from './tlsrep-instance.ts'

export interface TestInstances {
  /** Where a test puts its logs; emptied after it. */
  readonly directory: string
  /** An instance that is ended after the test, whether that passes or not. */
  prepare(options: InstanceOptions): Promise<TlsrepInstance>
  /** The same, started and ready. */
  start(options: InstanceOptions): Promise<TlsrepInstance>
}

/** Instances of `tlsrep start` for the tests of a file. */
export function useInstances(): TestInstances {
  let directory = ''
  const instances: TlsrepInstance[] = []
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tlsrep-logs-'))
  })
  afterEach(async () => {
    for (const instance of instances.splice(0)) await instance.dispose()
    rmSync(directory, { recursive: true, force: true })
  }, 60_000)
  const prepare = async (options: InstanceOptions): Promise<TlsrepInstance> => {
    const instance = await TlsrepInstance.prepare(options)
    instances.push(instance)
    return instance
  }
  return {
    get directory() {
      return directory
    },
    prepare,
    async start(options) {
      const instance = await prepare(options)
      await instance.start()
      return instance
    },
  }
}
