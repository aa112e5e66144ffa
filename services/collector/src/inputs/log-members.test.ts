import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogMembers } from './log-members.ts'

const FILES = 6
let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tlsrep-members-'))
  for (let file = 0; file < FILES; file++) writeFileSync(nameOf(file), `line of file ${file}\n`)
})
afterAll(() => rmSync(directory, { recursive: true }))

function nameOf(number: number): string {
  return join(directory, number === 0 ? 'mail.log' : `mail.log.${number}`)
}

let rotations = 0
function rotate(): void {
  const files = readdirSync(directory).length
  for (let file = files - 1; file >= 0; file--) renameSync(nameOf(file), nameOf(file + 1))
  writeFileSync(nameOf(0), `first line after rotation ${++rotations}\n`)
}

function inodes(): string[] {
  return readdirSync(directory)
    .map((name) => String(statSync(join(directory, name)).ino))
    .sort()
}

describe('LogMembers', () => {
  it('finds every file once, at whatever moment of its looking the log is rotated', async () => {
    for (let moment = 0; moment < 60; moment++) {
      const finding = new LogMembers({ directory, base: 'mail.log' }).find()
      const before = inodes()
      for (let turn = 0; turn < moment; turn++) await new Promise((resolve) => setImmediate(resolve))
      rotate()
      const { members } = await finding
      const found = members.map(({ inode }) => inode).sort()
      // It may have been done before the rotation.
      expect([before, inodes()], `rotated after ${moment} turns`).toContainEqual(found)
      for (const { head, path } of members) expect(String(head), path).toMatch(/^(line of|first line)/)
    }
  })
})
