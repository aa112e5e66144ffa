import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findLogs, MAX_LOGS } from './find-logs.ts'

const root = mkdtempSync(join(tmpdir(), 'tlsrep-find-'))
afterAll(() => rmSync(root, { recursive: true }))

for (const name of [
  'mail.log',
  'mail.log.1',
  'mail.2.log.gz',
  'mail-20261125.log',
  'other.log.1.gz',
  'mx.1.log',
  'mx.2.log',
  '[odd].log',
]) {
  writeFileSync(join(root, name), '')
}
mkdirSync(join(root, 'directory.log'))
for (const host of ['a', 'b']) {
  mkdirSync(join(root, host))
  writeFileSync(join(root, host, 'mail.log'), '')
}

async function basesOf(...paths: string[]): Promise<string[]> {
  const { logs } = await findLogs(paths.map((path) => join(root, path)))
  return logs.map(({ directory, base }) => join(directory, base).slice(root.length + 1))
}

describe('findLogs', () => {
  it('finds each log of a glob once, by whatever files it has', async () => {
    expect(await basesOf('*.log*')).toEqual(['[odd].log', 'mail.log', 'mx.1.log', 'mx.2.log', 'other.log'])
    expect(await basesOf('*/mail.log', '{a,b}/*')).toEqual(['a/mail.log', 'b/mail.log'])
  })

  it('takes a path by its word, also where it has the characters of a glob or does not exist', async () => {
    expect(await basesOf('[odd].log', 'missing.log', 'mail.log.1')).toEqual(['[odd].log', 'mail.log.1', 'missing.log'])
  })

  it('finds nothing by a glob that matches nothing', async () => {
    expect(await basesOf('*.txt', 'nowhere/*.log')).toEqual([])
  })

  it('is bounded', async () => {
    const many = join(root, 'many')
    mkdirSync(many)
    for (let host = 0; host < MAX_LOGS + 3; host++) writeFileSync(join(many, `h${host}.log`), '')
    const { logs, leftOut } = await findLogs([join(many, '*.log')])
    expect([logs.length, leftOut]).toEqual([MAX_LOGS, 3])
  })
})
