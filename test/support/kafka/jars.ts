import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCommand, run } from './command.ts'
import { KAFKA_VERSION, LOG4J_VERSION } from './versions.ts'

const DOWNLOAD_MS = 300_000
const LEAST_JAVA = 17

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>org.tlsrep.test</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${LOG4J_VERSION}</version></dependency>
</dependencies></project>`

export function cacheDirectory(): string {
  const { TLSREP_TEST_CACHE } = process.env
  const directory = TLSREP_TEST_CACHE ?? join(homedir(), '.cache', 'tlsrep-test')
  mkdirSync(directory, { recursive: true })
  return directory
}

/** The directory with the broker's jars, fetched where they are missing; the reason where they cannot be had. */
export async function brokerJars(): Promise<{ ok: true; directory: string } | { ok: false; reason: string }> {
  const java = await javaReason()
  if (java !== null) return { ok: false, reason: java }
  const directory = join(cacheDirectory(), `kafka-${KAFKA_VERSION}-log4j-${LOG4J_VERSION}`)
  if (await exists(directory)) return { ok: true, directory }
  if (!(await hasCommand('mvn'))) return { ok: false, reason: 'needs Maven (mvn), to fetch the jars once' }
  const release = await lock(`${directory}.lock`)
  try {
    if (await exists(directory)) return { ok: true, directory }
    const failure = await fetchJars(directory)
    return failure === null ? { ok: true, directory } : { ok: false, reason: failure }
  } finally {
    release()
  }
}

async function javaReason(): Promise<string | null> {
  const { status, text } = await run('java', ['-version'], { timeout: 20_000 })
  if (status !== 0) return `needs Java ${LEAST_JAVA} or newer`
  const version = Number(/version "(\d+)/.exec(text)?.[1] ?? 0)
  return version >= LEAST_JAVA ? null : `needs Java ${LEAST_JAVA} or newer, and finds ${version}`
}

/** Into a directory of its own, which gets its name only when it is complete. */
async function fetchJars(directory: string): Promise<string | null> {
  const work = mkdtempSync(join(tmpdir(), 'tlsrep-kafka-jars-'))
  const incoming = mkdtempSync(`${directory}.incoming-`)
  try {
    writeFileSync(join(work, 'pom.xml'), POM)
    const goal = ['-q', '-B', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies']
    const result = await run('mvn', [...goal, '-DincludeScope=runtime', `-DoutputDirectory=${incoming}`], {
      timeout: DOWNLOAD_MS,
    })
    if (result.status !== 0) return `Maven cannot fetch the jars: ${result.text.slice(-500)}`
    renameSync(incoming, directory)
    return null
  } finally {
    rmSync(work, { recursive: true, force: true })
    rmSync(incoming, { recursive: true, force: true })
  }
}

/** A lock between processes: a file with the holder's pid. One whose holder is gone is taken over. @returns what releases it */
async function lock(path: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    if (!holderLives(path)) rmSync(path, { force: true })
    else await sleep(200)
  }
}

function holderLives(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    // Empty: its holder is about to write it.
    if (pid > 0) process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
