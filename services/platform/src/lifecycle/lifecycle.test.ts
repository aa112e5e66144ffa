import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { OperatorError } from '../errors/operator-error.ts'
import { failureText } from './failure-text.ts'
import { type Actor, createLifecycle, type LifecycleOptions } from './lifecycle.ts'

const BROKEN = new OperatorError({
  code: 'TLSREP_X',
  message: 'the door\u001b[2J is shut',
  where: 'door:1',
  remedy: 'Open it.',
})

class Host extends EventEmitter {
  readonly exits: number[] = []
  text = ''
  readonly stderr = {
    write: (text: string) => {
      this.text += text
    },
  }
  exit(code: number): void {
    this.exits.push(code)
  }
}

function setUp(options: Partial<LifecycleOptions> = {}) {
  const host = new Host()
  const story: string[] = []
  const log: string[] = []
  const note = (facts: object, message: string) => void log.push(`${message} ${JSON.stringify(facts)}`)
  const clock = { now: 0 }
  const lifecycle = createLifecycle({
    logger: { info: note, warn: note, error: note },
    host,
    now: () => clock.now,
    ...options,
  })
  const actor = (name: string, own: Partial<Actor> = {}): Actor => ({
    name,
    start: async () => void story.push(`+${name}`),
    stop: async () => void story.push(`-${name}`),
    ...own,
  })
  return { host, story, log, clock, lifecycle, actor }
}

/** Lets everything that is ready to go on go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a process', () => {
  it('starts its parts in order and stops them in reverse order at a signal', async () => {
    const { host, story, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('store'), actor('scorer'), actor('http')])
    expect(lifecycle.check.check()).toEqual({ ok: false, detail: 'starting' })
    await settled()
    expect(lifecycle.check.check()).toEqual({ ok: true, detail: 'running' })
    host.emit('SIGTERM', 'SIGTERM')
    expect(await run).toBe(0)
    expect(lifecycle.check.check()).toEqual({ ok: false, detail: 'stopping' })
    expect(story).toEqual(['+store', '+scorer', '+http', '-http', '-scorer', '-store'])
    expect(host.listenerCount('SIGTERM') + host.listenerCount('uncaughtException')).toBe(0)
  })

  it('stops the parts that are up when one cannot start, says why, and ends with 1', async () => {
    const { host, story, lifecycle, actor } = setUp()
    const code = await lifecycle.run([
      actor('store'),
      actor('dnsbl', { start: () => Promise.reject(BROKEN) }),
      actor('http'),
    ])
    expect({ code, story }).toEqual({ code: 1, story: ['+store', '-dnsbl', '-store'] })
    expect(host.text).toContain('errors/TLSREP_X.md')
  })

  it('takes a part that throws where it should reject for one that cannot start', async () => {
    const { story, lifecycle, actor } = setUp()
    const thrower = actor('thrower', {
      start: () => {
        throw BROKEN
      },
    })
    expect(await lifecycle.run([actor('store'), thrower])).toBe(1)
    expect(story).toEqual(['+store', '-thrower', '-store'])
  })

  it('stops all when a part breaks later', async () => {
    const { host, story, lifecycle, actor } = setUp()
    let fail = (_: unknown): void => {}
    const run = lifecycle.run([
      actor('store'),
      actor('scorer', {
        start: async (context) => {
          fail = context.fail
        },
      }),
    ])
    await settled()
    fail(new Error('a bug'))
    fail(new Error('its consequence'))
    expect(await run).toBe(1)
    expect(story).toEqual(['+store', '-scorer', '-store'])
    expect(host.text).toMatch(/fault of tlsrep[\s\S]*Error: a bug\n\s+at /)
    expect(host.text).not.toContain('consequence')
  })

  it('takes an uncaught error for a failure', async () => {
    const { host, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('store')])
    await settled()
    host.emit('unhandledRejection', new Error('forgotten'))
    expect(await run).toBe(1)
    expect(host.text).toContain('forgotten')
  })

  it('gives up a start under way at a signal, and stops what was begun', async () => {
    const { host, story, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('store'), actor('slow', { start: () => new Promise(() => {}) }), actor('http')])
    await settled()
    host.emit('SIGINT', 'SIGINT')
    expect(await run).toBe(0)
    expect(story).toEqual(['+store', '-slow', '-store'])
  })

  it('does not wait for ever for a part that does not stop, and says which', async () => {
    const { host, story, log, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('store'), actor('stuck', { stop: () => new Promise(() => {}), stopTimeoutMs: 5 })])
    await settled()
    host.emit('SIGTERM', 'SIGTERM')
    expect(await run).toBe(1)
    expect(story).toEqual(['+store', '+stuck', '-store'])
    expect(log.join()).toMatch(/did not stop in time.*stuck/)
  })

  it('stops the others when one fails to stop', async () => {
    const { host, story, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('store'), actor('bad', { stop: () => Promise.reject(new Error('no')) })])
    await settled()
    host.emit('SIGTERM', 'SIGTERM')
    expect(await run).toBe(1)
    expect(story).toEqual(['+store', '+bad', '-store'])
  })

  it('ends at once at a second signal, but takes the same Ctrl-C passed on twice for one', async () => {
    const { host, clock, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('slow', { stop: () => new Promise((resolve) => setTimeout(resolve, 20)) })])
    await settled()
    host.emit('SIGINT', 'SIGINT')
    clock.now += 100
    host.emit('SIGINT', 'SIGINT')
    expect(host.exits).toEqual([])
    clock.now += 1000
    host.emit('SIGINT', 'SIGINT')
    expect(host.exits).toEqual([130])
    await run
  })

  it('stops when it is asked to', async () => {
    const { story, lifecycle, actor } = setUp()
    const run = lifecycle.run([actor('store')])
    await settled()
    lifecycle.requestStop('the input ended')
    expect(await run).toBe(0)
    expect(story).toEqual(['+store', '-store'])
  })

  it('really stops at SIGTERM', async () => {
    const script = `
      const { runUntilSignal } = await import(${JSON.stringify(new URL('./lifecycle.ts', import.meta.url).href)})
      const logger = { info() {}, warn() {}, error() {} }
      const timer = setInterval(() => {}, 1000)
      const actor = { name: 'a', start: async () => { console.log('up') }, stop: async () => { clearInterval(timer); console.log('down') } }
      process.exitCode = await runUntilSignal([actor], { logger })
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (out === 'up\n') child.kill('SIGTERM')
    })
    const [code] = await once(child, 'close')
    expect({ code, out }).toEqual({ code: 0, out: 'up\ndown\n' })
  })
})

describe('a failure in words', () => {
  it('says what, where, what to do and where more is written, and cannot move the cursor', () => {
    expect(failureText(BROKEN)).toBe(
      'tlsrep: the door\\x1b[2J is shut\n  where: door:1\n  to do: Open it.\n  more:  docs/errors/TLSREP_X.md (TLSREP_X)\n',
    )
  })

  it('has the stack of a bug and of its cause', () => {
    const text = failureText(new Error('outer', { cause: new Error('inner') }))
    expect(text).toMatch(/Error: outer\n\s+at [\s\S]*caused by: Error: inner\n\s+at /)
    expect(failureText('thrown text')).toContain('thrown text')
  })
})
