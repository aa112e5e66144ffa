import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('../bin/tlsrep.mjs', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tlsrep-bin-'))
afterAll(() => rmSync(directory, { recursive: true }))

function packagedNode(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`)
  } catch {
    return undefined
  }
}

/** The bin in a directory of its own, with a main that shows how it was started. */
function copyOfBin(): string {
  const bin = join(directory, 'bin', 'tlsrep.mjs')
  mkdirSync(dirname(bin), { recursive: true })
  mkdirSync(join(directory, 'src'), { recursive: true })
  copyFileSync(BIN, bin)
  writeFileSync(join(directory, 'src', 'main.ts'), 'const code: number = 7\nprocess.exit(code)\n')
  return bin
}

describe('bin/tlsrep.mjs', () => {
  it.skipIf(packagedNode() === undefined)(
    'starts itself again under the packaged Node where this one reads no TypeScript',
    () => {
      const { status, stdout } = spawnSync(process.execPath, ['--no-strip-types', BIN, '--version'], {
        encoding: 'utf8',
      })
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    },
  )

  it('says what is wrong where no Node helps, and exits 2', () => {
    const { status, stderr } = spawnSync(process.execPath, ['--no-strip-types', copyOfBin()], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toMatch(/--no-strip-types|npm install/)
  })

  it.skipIf(packagedNode() === undefined)('passes arguments on and gives back the exit code', () => {
    const node = packagedNode() ?? ''
    expect(spawnSync(node, [copyOfBin()]).status).toBe(7)
    expect(spawnSync(process.execPath, ['--no-strip-types', BIN, 'no-such-command']).status).toBe(2)
  })

  it.skipIf(packagedNode() === undefined)(
    'begins a service anew, as the same process, under flags that keep it small; what an operator has set goes before',
    () => {
      const bin = copyOfBin()
      const told = '{ pid: process.pid, flags: process.execArgv, arenas: process.env.MALLOC_ARENA_MAX }'
      writeFileSync(join(directory, 'src', 'main.ts'), `console.log(JSON.stringify(${told}))\n`)
      const start = (command: string, env: NodeJS.ProcessEnv = {}) => {
        const clean = { ...process.env, MALLOC_ARENA_MAX: undefined, NODE_OPTIONS: undefined, ...env }
        const { pid, stdout, stderr } = spawnSync(packagedNode() ?? '', [bin, command], {
          env: clean,
          encoding: 'utf8',
        })
        expect(stderr).toBe('')
        return { started: pid, ...(JSON.parse(stdout) as { pid: number; flags: string[]; arenas?: string }) }
      }
      const service = start('score')
      expect(service.pid).toBe(service.started)
      expect(service.flags.join(' ')).toMatch(/--max-semi-space-size=\d+ --heap-growing-percent=\d+/)
      expect(service.arenas).toBe('2')
      const set = start('score', { NODE_OPTIONS: '--max-semi-space-size=64', MALLOC_ARENA_MAX: '8' })
      expect(set.flags.join(' ')).not.toContain('semi-space')
      expect(set.arenas).toBe('8')
      expect(start('listings').flags).toEqual([])
    },
  )

  it.skipIf(packagedNode() === undefined)('keeps what it compiled only where nobody else may write', () => {
    const kept = (mode: number): string[] => {
      const caches = mkdtempSync(join(directory, 'caches-'))
      chmodSync(caches, mode)
      const env = { ...process.env, XDG_CACHE_HOME: caches, NODE_DISABLE_COMPILE_CACHE: undefined }
      expect(spawnSync(packagedNode() ?? '', [copyOfBin()], { env }).status).toBe(7)
      return readdirSync(caches)
    }
    expect(kept(0o700)).toEqual(['tlsrep'])
    expect(kept(0o777)).toEqual([])
  })

  it.skipIf(packagedNode() === undefined)('starts where there is no place for what it compiled', () => {
    for (const caches of ['/nonexistent', '/dev/null/x', '']) {
      const env = { ...process.env, HOME: caches, XDG_CACHE_HOME: caches }
      expect(spawnSync(packagedNode() ?? '', [copyOfBin()], { env }).status).toBe(7)
    }
  })
})
