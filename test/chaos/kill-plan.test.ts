import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endlessLog } from './endless-log.ts'
import { type KillPlan, killPlan, VICTIMS } from './kill-plan.ts'
import { LogWriter } from './log-writer.ts'

const LOG = { pieces: [20, 80], bytes: 40_000 } as const

test.each([1, 2, 3, 20])(
  'a plan of %i kills kills each victim so often, with a rebalance in a third of all',
  (kills) => {
    for (const seed of [0, 1, 2 ** 31 - 1]) {
      const plan = killPlan({ seed, kills, ...LOG })
      const counts = VICTIMS.map((victim) => plan.kills.filter((kill) => kill.victim === victim).length)
      expect(counts).toEqual(VICTIMS.map(() => kills))
      expect(plan.kills.filter(({ rebalance }) => rebalance).length).toBe(Math.round((VICTIMS.length * kills) / 3))
    }
  },
)

test('the same seed makes the same kills, another seed others', () => {
  const plan = killPlan({ seed: 5, kills: 20, ...LOG })
  expect(killPlan({ seed: 5, kills: 20, ...LOG })).toEqual(plan)
  expect(killPlan({ seed: 6, kills: 20, ...LOG })).not.toEqual(plan)
})

test('the same plan makes the same log, byte for byte, in the same files', () => {
  const written = (plan: KillPlan): { names: string[]; bytes: Buffer[]; digest: string } => {
    const directory = mkdtempSync(join(tmpdir(), 'tlsrep-plan-'))
    try {
      const writer = new LogWriter(join(directory, 'mail.log'), endlessLog(Date.UTC(2026, 0, 1)))
      for (const { before, meanwhile } of plan.kills) for (const piece of [...before, ...meanwhile]) writer.put(piece)
      const files = writer.files()
      const names = files.map((path) => path.slice(directory.length))
      return { names, bytes: files.map((path) => readFileSync(path)), digest: writer.digest }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  const [one, again, other] = [5, 5, 6].map((seed) => written(killPlan({ seed, kills: 1, ...LOG })))
  expect(one?.names.length).toBeGreaterThan(1)
  expect(again).toEqual(one)
  expect(other?.digest).not.toBe(one?.digest)
})
