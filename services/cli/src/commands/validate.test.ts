import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { type ValidateOptions, validate } from './validate.ts'

const directory = mkdtempSync(join(tmpdir(), 'tlsrep-validate-'))
afterAll(() => rmSync(directory, { recursive: true }))

async function run(text: string, options: ValidateOptions = {}) {
  const file = join(directory, 'tlsrep.yaml')
  writeFileSync(file, text)
  const out = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        out[name] += String(chunk)
        done()
      },
    }) as NodeJS.WriteStream
  const io = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: {},
    signal: new AbortController().signal,
    now: () => 0,
  }
  const code = await validate({ config: file, ...options }, io)
  return { code, file, ...out }
}

describe('tlsrep validate', () => {
  it('says in one line what a file that is right stands for', async () => {
    const { code, file, stdout, stderr } = await run(
      'collector: { inputs: [{ log: a }, { log: b }] }\nlisteners: [{ name: mx, port: 25 }]\n',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      `ok, 2 inputs, 1 listener, ClickHouse as a child, outputs dnsbl + policy service + feed, mode observe, cap tag (${file})\n`,
    )
  })

  it('names everything that is wrong with line, key and what to write, and exits 2', async () => {
    const { code, file, stdout, stderr } = await run('dta: x\nhttp:\n  listen: here\n')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe(
      `${file}:1:1: dta: there is no such key\n    Did you mean data?\n` +
        `${file}:3:11: http.listen: "here" is no address and port\n    Write both, e.g. 127.0.0.1:8642 or [::1]:8642.\n` +
        'tlsrep: 2 problems\n',
    )
  })

  it('says the same to a script', async () => {
    const bad = await run('dta: x\n', { json: true })
    expect(JSON.parse(bad.stdout)).toMatchObject({
      ok: false,
      problems: [{ file: bad.file, line: 1, column: 1, path: 'dta', instead: 'Did you mean data?' }],
    })
    const good = await run('', { json: true })
    expect(JSON.parse(good.stdout)).toMatchObject({
      ok: true,
      source: good.file,
      config: { http: { listen: { port: 8642 } } },
    })
  })

  it('looks into the policy file as well', async () => {
    writeFileSync(join(directory, 'policy.yaml'), 'evidence:\n  half_life_days: 0\n')
    const { code, stderr } = await run('policy: policy.yaml\n')
    expect(code).toBe(2)
    expect(stderr).toContain(`${join(directory, 'policy.yaml')}:2: evidence.half_life_days: `)
  })

  it('prints the file with every default, which is right itself', async () => {
    const { code, stdout } = await run('log: { level: debug }\n', { printConfig: true })
    expect(code).toBe(0)
    expect(stdout).toMatch(/level: debug[\s\S]*format: auto/)
    expect((await run(stdout)).code).toBe(0)
  })

  it('says that a file is not there', async () => {
    const { code, stderr } = await run('', { config: join(directory, 'missing.yaml') })
    expect(code).toBe(2)
    expect(stderr).toContain('there is no such file')
  })
})
