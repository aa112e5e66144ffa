import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { BIN } from '../support/tlsrep-command.ts'

const UNITS = fileURLToPath(new URL('../../infra/systemd', import.meta.url))
const names = readdirSync(UNITS).filter((name) => name.endsWith('.service'))
/** Of 10, by systemd-analyze's reckoning; what systemd itself calls OK ends at 4.9. */
const MOST_EXPOSED = 2.5

const hasTool = spawnSync('systemd-analyze', ['--version']).status === 0

describe('systemd units', () => {
  it('start commands that tlsrep has, with options that these take', () => {
    const commands = names.map((name) => {
      const line = /^ExecStart=\/usr\/local\/bin\/tlsrep (.*)$/m.exec(readFileSync(join(UNITS, name), 'utf8'))
      const [command = '', ...options] = line?.[1]?.split(' ') ?? []
      const { status, stdout } = spawnSync(process.execPath, [BIN, command, '--help'], { encoding: 'utf8' })
      expect(status).toBe(0)
      for (const option of options.filter((word) => word.startsWith('--'))) expect(stdout).toContain(option)
      return command
    })
    expect(commands.sort()).toEqual(['collect', 'publish', 'score', 'start'])
  })

  describe.skipIf(!hasTool)(hasTool ? 'to systemd' : 'to systemd (needs systemd-analyze)', () => {
    it.each(names)('%s is right in every line', (name) => {
      const directory = mkdtempSync(join(tmpdir(), 'tlsrep-units-'))
      try {
        // Verification wants the command, the user and the group to be there.
        const text = readFileSync(join(UNITS, name), 'utf8').replace('/usr/local/bin/tlsrep', '/bin/true')
        writeFileSync(join(directory, name), text)
        const { status, stdout, stderr } = spawnSync(
          'systemd-analyze',
          ['verify', '--man=no', '--recursive-errors=no', join(directory, name)],
          { encoding: 'utf8' },
        )
        expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes(name))).toEqual([])
        expect(status).toBe(0)
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    })

    it.each(names)('%s exposes little', (name) => {
      const check = ['security', '--offline=yes', '--no-pager', `--threshold=${MOST_EXPOSED * 10}`, join(UNITS, name)]
      const { status, stdout, stderr } = spawnSync('systemd-analyze', check, { encoding: 'utf8' })
      expect({ status, last: `${stdout}${stderr}`.trim().split('\n').at(-1) }).toMatchObject({ status: 0 })
      console.info(stdout.trim().split('\n').at(-1))
    })
  })
})
