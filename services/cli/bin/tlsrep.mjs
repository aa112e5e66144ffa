#!/usr/bin/env node
// Plain JavaScript of 2020, so that an old Node gets as far as saying what it lacks.
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import * as modules from 'node:module'
import { join } from 'node:path'

const NEEDED = [24, 12]
/** Set for the second start, so that a Node that does not help is not started for ever. */
const SECOND_START = 'TLSREP_SECOND_START'
const SERVICES = ['collect', 'score', 'publish']
/** Megabytes, and how much larger than what is in use the heap may grow: garbage is collected sooner. Of this Node's V8: another may not know them. */
const SERVICE_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=50']
/**
 * Of glibc, which else keeps freed memory for each thread that compresses, and cannot give back what lies between things that stay: buffers of
 * 32 KB and more are mappings of their own.
 */
const SERVICE_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '32768' }

if (isNewEnough() && stripsTypes()) {
  delete process.env[SECOND_START]
  staySmall()
  keepCompiled()
  await import('../src/main.ts')
} else {
  startUnderPackagedNode()
}

/**
 * Services run for months, and as many as there is work for: they are begun anew, as the same process, under flags that are only heeded at
 * a start. What an operator has set goes before.
 */
function staySmall() {
  if (!SERVICES.includes(process.argv[2]) || Number.parseInt(process.versions.node, 10) !== NEEDED[0]) return
  const set = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-')
  const missing = SERVICE_FLAGS.filter((flag) => !set.includes(flag.split('=')[0]))
  if (missing.length === 0) return
  const command = [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)]
  process.execve(process.execPath, command, { ...SERVICE_ENVIRONMENT, ...process.env })
}

/** Commands start in a third of the time when what was compiled is kept. Where it cannot be kept, it is compiled each time. */
function keepCompiled() {
  const { HOME, XDG_CACHE_HOME } = process.env
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (caches && isOnlyOurs(caches)) modules.enableCompileCache(join(caches, 'tlsrep'))
}

/** What is kept is run again: nobody else may write there, also when a caller's environment says where (sudo). */
function isOnlyOurs(directory) {
  try {
    const { uid, mode } = statSync(directory)
    return uid === process.getuid() && (mode & 0o022) === 0
  } catch {
    return false
  }
}

function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

function stripsTypes() {
  return Boolean(process.features.typescript)
}

function startUnderPackagedNode() {
  const node = packagedNode()
  if (node === undefined || process.env[SECOND_START] !== undefined) {
    process.stderr.write(whatToInstall(node))
    process.exitCode = 2
    return
  }
  const child = spawn(node, [...process.execArgv.filter(isPassedOn), ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [SECOND_START]: '1' },
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`tlsrep: cannot start ${node}: ${error.message}\n${whatToInstall(undefined)}`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const own of signals) process.removeAllListeners(own)
    process.kill(process.pid, signal)
  })
}

/** Flags that made this Node unfit are not for the other one. */
function isPassedOn(flag) {
  return !flag.includes('strip-types')
}

function packagedNode() {
  try {
    return modules.createRequire(import.meta.url).resolve(`${packageName()}/bin/node`)
  } catch {
    return undefined
  }
}

function packageName() {
  return `node-${process.platform}-${process.arch}`
}

function whatToInstall(tried) {
  const running = `Node ${process.versions.node} (${process.execPath})`
  const wanted = `${NEEDED.join('.')} or newer`
  if (isNewEnough()) {
    return `tlsrep: ${running} is told not to read TypeScript.\nTake --no-strip-types out of NODE_OPTIONS and run again.\n`
  }
  const packaged = ['linux-x64', 'linux-arm64'].includes(`${process.platform}-${process.arch}`)
  const ways = packaged
    ? `Install one beside tlsrep:  npm install --no-save ${packageName()}@24\nor install Node ${wanted} on this machine.`
    : `Install Node ${wanted} on this machine.`
  const why = tried === undefined ? '' : ` The one at ${tried} is not.`
  return `tlsrep: needs Node ${wanted}, and this is ${running}.${why}\n${ways}\n`
}
