import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chooseInputs, chooseLogs } from './choose-inputs.ts'
import { findMailLogs } from './find-logs.ts'

const NOW = Date.UTC(2026, 10, 25)
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tlsrep-choose-'))
  mkdirSync(join(root, 'empty'))
  writeFileSync(join(root, 'mail.log'), 'x\n')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function config(data: string, inputs: readonly object[] = []): Config {
  const text = JSON.stringify({ data: join(root, data), collector: { inputs } })
  const loaded = loadConfig({ explicitPath: '/c.yaml', cwd: '/', readFile: () => text, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

const none = () => ({ readable: [], forbidden: [] })

describe('chooseInputs', () => {
  it('takes logs that were named before those configured, and tells of those that cannot be read as they are', () => {
    const named = [join(root, 'mail.log'), join(root, 'nothing.log'), root, '-', '/var/log/remote/*.log']
    const { inputs, told } = chooseInputs(config('named', [{ log: '/configured.log' }]), named, NOW, none)
    expect(inputs.map(({ log, stdin }) => log?.[0] ?? stdin)).toEqual([...named.slice(0, 3), true, named[4]])
    expect(told).toBe(
      `${named[0]}, ${named[1]} (not there: check the path; it is read as soon as it appears), ${root} (this is no file), standard input, ${named[4]}.`,
    )
  })

  it('takes what is configured before what is found', () => {
    const machine = () => ({ readable: ['/var/log/mail.log'], forbidden: [] })
    expect(chooseInputs(config('both', [{ stdin: true }]), [], NOW, machine).told).toBe('standard input.')
  })

  it('takes what is found, and says what it may not read', () => {
    const machine = () => ({ readable: ['/var/log/mail.log'], forbidden: ['/var/log/maillog'] })
    const { inputs, told } = chooseInputs(config('found'), [], NOW, machine)
    expect(inputs).toMatchObject([{ log: ['/var/log/mail.log'] }])
    expect(told).toContain('/var/log/mail.log, found on this machine.')
    expect(told).toContain('This user may not read /var/log/maillog')
  })

  it('plays the sample where nothing can be read, says why, and goes on with it at the next start', () => {
    const machine = () => ({ readable: [], forbidden: ['/var/log/mail.log'] })
    const first = chooseInputs(config('sample'), [], NOW, machine)
    expect(first.inputs).toMatchObject([{ log: [join(root, 'sample/sample/mail.log')], name: 'sample' }])
    expect(first.told).toMatch(/^a sample log, .*its times are moved.* may not read \/var\/log\/mail.log/)
    const second = chooseInputs(config('sample'), [], NOW, none)
    expect(second.inputs).toEqual(first.inputs)
    expect(second.told).toMatch(/^the sample log of the first start/)
    expect(second.told).not.toContain('times are moved')
  })

  it('says that the sample is still counted once real logs are read', () => {
    chooseInputs(config('mixed'), [], NOW, none)
    const { told } = chooseInputs(config('mixed'), [join(root, 'mail.log')], NOW, none)
    expect(told).toContain(`remove ${join(root, 'mixed')}`)
  })
})

it('a collector by itself has no sample: it takes what is named', () => {
  expect(chooseLogs(config('alone'), ['a.log'])).toMatchObject([{ log: ['a.log'] }])
})

describe('findMailLogs', () => {
  it('finds files, one of two names once, and keeps those apart that may not be read', () => {
    symlinkSync(join(root, 'mail.log'), join(root, 'maillog'))
    writeFileSync(join(root, 'secret.log'), '')
    const places = ['mail.log', 'maillog', 'secret.log', 'missing.log', 'empty'].map((name) => join(root, name))
    expect(findMailLogs(places, (path) => !path.endsWith('secret.log'))).toEqual({
      readable: [join(root, 'mail.log')],
      forbidden: [join(root, 'secret.log')],
    })
  })
})
