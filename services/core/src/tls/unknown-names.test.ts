import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UnknownNames } from './unknown-names.ts'

test('counts by kind and name, most frequent first', () => {
  const names = new UnknownNames()
  names.count('group', 'zeta')
  names.count('cipher', 'ROT13')
  names.count('group', 'zeta')
  names.count('cipher', 'ENIGMA')
  names.count('group', 'ROT13')
  expect(names.report()).toEqual([
    { kind: 'group', name: 'zeta', count: 2 },
    { kind: 'cipher', name: 'ENIGMA', count: 1 },
    { kind: 'cipher', name: 'ROT13', count: 1 },
    { kind: 'group', name: 'ROT13', count: 1 },
  ])
  expect(names.others).toBe(0)
})

test('names that agree in their first 64 characters are one', () => {
  const names = new UnknownNames()
  names.count('reason', `${'x'.repeat(64)}a`)
  names.count('reason', `${'x'.repeat(64)}b`)
  expect(names.report()).toEqual([{ kind: 'reason', name: 'x'.repeat(64), count: 2 }])
})

test('a full counter still counts the names it has', () => {
  const names = new UnknownNames(1)
  for (const name of ['a', 'b', 'a', 'c', 'b']) names.count('version', name)
  expect(names.report()).toEqual([{ kind: 'version', name: 'a', count: 2 }])
  expect(names.others).toBe(3)
})

test('every sighting is counted once, in bounded space', () => {
  const kind = fc.constantFrom('cipher' as const, 'group' as const, 'signature' as const)
  const sighting = fc.tuple(kind, fc.string({ unit: 'binary', maxLength: 100 }))
  fc.assert(
    fc.property(fc.array(sighting, { maxLength: 100 }), (sightings) => {
      const names = new UnknownNames(8)
      for (const [of, raw] of sightings) names.count(of, raw)
      const report = names.report()
      const counted = report.reduce((sum, { count }) => sum + count, names.others)
      return counted === sightings.length && report.length <= 8 && report.every(({ name }) => name.length <= 64)
    }),
  )
})
