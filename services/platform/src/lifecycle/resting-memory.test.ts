import { describe, expect, test } from 'vitest'
import { RestingMemory } from './resting-memory.ts'

const MB = 1024 * 1024

describe('memory of a service', () => {
  const first = { at: 0, cpu: 0, resident: 100 * MB }

  test('is left alone while there is work', () => {
    const memory = new RestingMemory(first)
    memory.collected(100 * MB)
    expect(memory.look({ at: 5000, cpu: 5000, resident: 600 * MB })).toBe(false)
  })

  test('is given back when the work is over', () => {
    const memory = new RestingMemory(first)
    memory.collected(100 * MB)
    memory.look({ at: 5000, cpu: 5000, resident: 600 * MB })
    expect(memory.look({ at: 10_000, cpu: 5050, resident: 600 * MB })).toBe(true)
  })

  test('is given back once: what a collection could not free is no reason for the next', () => {
    const memory = new RestingMemory(first)
    expect(memory.look({ at: 5000, cpu: 10, resident: 600 * MB })).toBe(true)
    memory.collected(590 * MB)
    expect(memory.look({ at: 10_000, cpu: 20, resident: 592 * MB })).toBe(false)
    expect(memory.look({ at: 15_000, cpu: 30, resident: 610 * MB })).toBe(true)
  })
})
