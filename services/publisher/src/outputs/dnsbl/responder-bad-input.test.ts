import dnsPacket from 'dns-packet'
import { describe, expect, test } from 'vitest'
import { codes, LONG_PAGE, LONG_ZONE, listing, query, rcode, responderOf, reversed } from './dnsbl.test-support.ts'

const NAME = reversed('192.0.2.9')
const LISTED = listing('192.0.2.9/32', 'tag')

/** A header with QDCOUNT 1, and whatever follows. */
function message(body: Uint8Array | number[], header: { flags?: number; counts?: number[] } = {}): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(4711, 0)
  head.writeUInt16BE(header.flags ?? 0x0100, 2)
  for (const [i, count] of (header.counts ?? [1, 0, 0, 0]).entries()) head.writeUInt16BE(count, 4 + i * 2)
  return Buffer.concat([head, Uint8Array.from(body)])
}

/** What an error reply without a question looks like: id, QR, opcode and RD kept, no records. */
function errorHeader(code: number, flags = 0x8100): Buffer {
  return message([], { flags: flags | code, counts: [0, 0, 0, 0] })
}

const QUESTION_TAIL = [0, 1, 0, 1]

describe('a message that is no query', () => {
  test.each([0, 1, 11])('of %i bytes gets no answer', (bytes) => {
    expect(responderOf([]).send(query(NAME).subarray(0, bytes))).toBeUndefined()
  })

  test('that is itself an answer gets none: two servers must not talk to each other for ever', () => {
    const { send, counters } = responderOf([LISTED])
    const answer = send(query(NAME))
    expect(answer && send(answer)).toBeUndefined()
    expect(counters.silent).toBe(1)
  })

  test('garbage with a header that asks nothing is FORMERR', () => {
    expect(responderOf([]).send(message([1, 2, 3], { counts: [0, 0, 0, 0] }))).toEqual(errorHeader(1))
  })
})

describe('a malformed query is FORMERR, without repeating what cannot be trusted', () => {
  test.each([
    ['two questions', message([0, ...QUESTION_TAIL, 0, ...QUESTION_TAIL], { counts: [2, 0, 0, 0] })],
    ['an answer section', message([0, ...QUESTION_TAIL], { counts: [1, 1, 0, 0] })],
    ['an authority section', message([0, ...QUESTION_TAIL], { counts: [1, 0, 1, 0] })],
    ['no question where one is announced', message([])],
    ['a name cut off in a label', message([5, 97, 98])],
    ['a name without its end', message([1, 97])],
    ['a question without its class', message([1, 97, 0, 0, 1])],
    ['a compression pointer to itself', message([0xc0, 12, ...QUESTION_TAIL])],
    ['a compression pointer behind a label', message([1, 97, 0xc0, 0, ...QUESTION_TAIL])],
    ['a label type that does not exist', message([0x41, 97, 0, ...QUESTION_TAIL])],
    ['OPT as the type asked for', message([0, 0, 41, 0, 1])],
  ])('%s', (_, bytes) => {
    expect(responderOf([]).send(bytes)).toEqual(errorHeader(1))
  })

  test('an oversize name: 255 bytes are read, 256 are not', () => {
    const label = (length: number): number[] => [length, ...new Array<number>(length).fill(97)]
    const name = (last: number): number[] => [...label(63), ...label(63), ...label(63), ...label(last), 0]
    const { send } = responderOf([])
    expect(send(message([...name(61), ...QUESTION_TAIL]))?.readUInt16BE(2)).toBe(0x8105)
    expect(send(message([...name(62), ...QUESTION_TAIL]))).toEqual(errorHeader(1))
    const manyLabels = new Array<number[]>(127).fill(label(1)).flat()
    expect(send(message([...manyLabels, 0, ...QUESTION_TAIL]))?.readUInt16BE(2)).toBe(0x8105)
    expect(send(message([...manyLabels, ...label(1), 0, ...QUESTION_TAIL]))).toEqual(errorHeader(1))
  })
})

describe('what is not done here', () => {
  test.each([1, 2, 3, 4, 5, 6, 15])('opcode %i is NOTIMP, whatever its message looks like', (opcode) => {
    const flags = opcode << 11
    expect(responderOf([]).send(message([255, 255], { flags }))).toEqual(errorHeader(4, 0x8000 | flags))
  })

  test.each([2, 3, 4, 254, 255])('class %i is NOTIMP', (value) => {
    const bytes = query(NAME)
    bytes.writeUInt16BE(value, bytes.length - 2)
    const reply = responderOf([LISTED]).send(bytes)
    expect([reply?.readUInt16BE(2), reply?.subarray(12)]).toEqual([0x8104, bytes.subarray(12)])
  })
})

describe('EDNS (RFC 6891)', () => {
  const opt = (
    more: { owner?: number[]; size?: number; version?: number; flags?: number; data?: number[]; length?: number } = {},
  ): number[] => {
    const { owner = [0], size = 1232, version = 0, flags = 0, data = [] } = more
    const length = more.length ?? data.length
    return [
      ...owner,
      0,
      41,
      size >> 8,
      size & 255,
      0,
      version,
      flags >> 8,
      flags & 255,
      length >> 8,
      length & 255,
      ...data,
    ]
  }
  const withAdditional = (...records: number[][]): Buffer =>
    message([...query(NAME).subarray(12), ...records.flat()], { counts: [1, 0, 0, records.length] })

  test('no OPT comes back unasked', () => {
    expect(responderOf([LISTED]).ask(NAME).additionals).toEqual([])
  })

  test('OPT is answered with our payload size, version 0, the DO bit kept and other flags cleared', () => {
    const { ask } = responderOf([LISTED])
    for (const [flags, kept] of [
      [0xffff, true],
      [0x7fff, false],
    ] as const) {
      const packet = ask(NAME, 'A', { edns: { flags } })
      expect(codes(packet)).toEqual(['127.0.0.4'])
      expect(packet.additionals).toMatchObject([
        { type: 'OPT', name: '.', udpPayloadSize: 1232, ednsVersion: 0, extendedRcode: 0, flags: kept ? 0x8000 : 0 },
      ])
    }
  })

  test('options that we do not know are passed over, records around OPT too', () => {
    const { send } = responderOf([LISTED])
    const a = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
    const reply = send(withAdditional(a, opt({ data: [0, 10, 0, 2, 9, 9] }), a))
    expect(reply && codes(dnsPacket.decode(reply))).toEqual(['127.0.0.4'])
    expect(reply?.readUInt16BE(10)).toBe(1)
  })

  test('a later version is BADVERS', () => {
    const packet = responderOf([LISTED]).ask(NAME, 'A', { edns: { ednsVersion: 1 } })
    expect([packet.answers, rcode(packet), packet.flag_aa]).toEqual([[], 'NOERROR', false])
    expect(packet.additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1, ednsVersion: 0 }])
  })

  test.each([
    ['two of them', withAdditional(opt(), opt())],
    ['an owner other than the root', withAdditional(opt({ owner: [1, 97, 0] }))],
    ['data that is cut off', withAdditional(opt({ length: 5 }))],
    ['announced and not there', withAdditional([])],
    ['a record cut off before its length', withAdditional([0, 0, 41, 2])],
    ['an owner that is cut off', withAdditional([9, 97])],
  ])('FORMERR for %s', (_, bytes) => {
    const reply = responderOf([LISTED]).send(bytes)
    expect(reply?.readUInt16BE(2)).toBe(0x8101)
    expect(reply?.readUInt16BE(6)).toBe(0)
  })

  test('what does not fit is left out and TC is set; with more room, or over TCP, it is there', () => {
    const { ask, counters } = responderOf([listing('2001:db8::/32', 'tag')], { lookupPage: LONG_PAGE, zone: LONG_ZONE })
    for (const edns of [undefined, { udpPayloadSize: 100 }, { udpPayloadSize: 512 }]) {
      const packet = ask(reversed('2001:db8::1', LONG_ZONE), 'TXT', edns === undefined ? {} : { edns })
      expect(packet).toMatchObject({ flag_tc: true, answers: [], authorities: [], rcode: 'NOERROR' })
      expect(packet.additionals?.length).toBe(edns === undefined ? 0 : 1)
    }
    expect(counters.truncated).toBe(3)
    for (const more of [{ edns: { udpPayloadSize: 4096 } }, { transport: 'tcp' as const }]) {
      const packet = ask(reversed('2001:db8::1', LONG_ZONE), 'TXT', more)
      expect([packet.flag_tc, packet.answers?.length]).toEqual([false, 1])
    }
  })
})
