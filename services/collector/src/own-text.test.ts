import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownText, ownUtf8 } from './own-text.ts'

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

describe('ownText', () => {
  it('is the slice', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(60), fc.nat(60), (text, start, end) => {
        expect(ownText(text, start, end)).toBe(text.slice(start, end))
      }),
    )
  })

  it('does not keep alive the block that it was cut from', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const names: string[] = []
    collect()
    const before = process.memoryUsage().heapUsed + process.memoryUsage().external
    for (let n = 0; n < 64; n++) {
      const block = Buffer.alloc(1024 * 1024, 97 + (n % 26)).toString('latin1')
      names.push(ownText(block, 1000, 1040))
    }
    // Memory outside the heap is given back by the collection after the one that found it free.
    collect()
    collect()
    const grown = process.memoryUsage().heapUsed + process.memoryUsage().external - before
    expect(names.every(({ length }) => length === 40)).toBe(true)
    expect(grown).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('ownUtf8', () => {
  it.each([
    ['mail52.sender-a.example', 'mail52.sender-a.example'],
    [latin1('bücher.example'), 'bücher.example'],
    [latin1('\u202egnp.example'), '\u202egnp.example'],
    [latin1('名.example'), '名.example'],
    ['b\xfccher.example', 'b\ufffdcher.example'],
    ['x\xc3', 'x\ufffd'],
    ['\xff\xfe', '\ufffd\ufffd'],
    ['', ''],
  ])('reads %j as %j', (text, expected) => {
    expect(ownUtf8(`<${text}>`, 1, text.length + 1)).toBe(expected)
  })

  it('reads back every text that was written in UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = latin1(text)
        expect(ownUtf8(bytes, 0, bytes.length)).toBe(text)
      }),
    )
  })

  it('does not look beyond its end', () => {
    const bytes = latin1('aü')
    expect(ownUtf8(bytes, 0, 1)).toBe('a')
    expect(ownUtf8(bytes, 0, 2)).toBe('a\ufffd')
  })
})
