import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrokerFiles, claimFiles } from './broker-files.ts'
import type { KeyPair } from './certificate.ts'
import { hasCommand, run } from './command.ts'
import { brokerJars } from './jars.ts'
import type { KafkaBroker, KafkaBrokerOptions } from './kafka.ts'
import { untilAnswering } from './ready.ts'
import { pairOf, scramUsers, secureSettings } from './secure.ts'
import { LOG4J_PROPERTIES, serverProperties } from './server-properties.ts'

const STOP_MS = 15_000
const LEAN = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

export async function jarsUnavailable(): Promise<string | null> {
  if (process.platform !== 'linux') return 'needs Linux'
  const jars = await brokerJars()
  return jars.ok ? null : jars.reason
}

export async function startJarsBroker(options: KafkaBrokerOptions): Promise<KafkaBroker> {
  const jars = await brokerJars()
  if (!jars.ok) throw new Error(jars.reason)
  const files = await claimFiles()
  try {
    const secure = options.secure === true ? secureSettings(files.directory) : {}
    writeFileSync(files.properties, serverProperties(files, options.settings ?? {}, secure))
    writeFileSync(files.log4j, LOG4J_PROPERTIES)
    await format(jars.directory, files, options.secure === true ? scramUsers() : [])
    // Linux kills the broker with the process that started it, however that ends.
    const dyingWithUs = (await hasCommand('setpriv')) ? ['setpriv', '--pdeathsig', 'KILL'] : []
    const broker = new JarsBroker(files, [...dyingWithUs, ...brokerCommand(jars.directory, files)])
    await broker.start()
    return broker
  } catch (error) {
    rmSync(files.directory, { recursive: true, force: true })
    throw error
  }
}

async function format(jars: string, files: BrokerFiles, users: readonly string[]): Promise<void> {
  const tool = ['-Xmx256m', '-XX:TieredStopAtLevel=1', ...classes(jars), 'kafka.tools.StorageTool']
  const args = [...tool, 'format', '-t', 'tlsrep-test', '-c', files.properties, ...users]
  const { status, text } = await run('java', args, { timeout: 60_000 })
  if (status !== 0) throw new Error(`the broker's storage cannot be formatted: ${text}`)
}

/** Class data sharing saves some two seconds of each start; the archive is made by the first broker that is stopped in good order. */
function brokerCommand(jars: string, files: BrokerFiles): string[] {
  const archive = `${jars}.jsa`
  const sharing = existsSync(archive)
    ? [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto']
    : [`-XX:ArchiveClassesAtExit=${files.directory}/classes.jsa`]
  const memory = ['-Xmx512m', '-Xms128m', ...LEAN, `-Dlog4j2.configurationFile=file:${files.log4j}`]
  return ['java', ...memory, ...sharing, ...classes(jars), 'kafka.Kafka', files.properties]
}

function classes(jars: string): string[] {
  return ['-cp', join(jars, '*')]
}

class JarsBroker implements KafkaBroker {
  readonly provider = 'jars'
  readonly brokers: string[]
  readonly secureBrokers: string[]
  readonly mutualBrokers: string[]
  readonly certificate: string
  readonly client: KeyPair
  readonly proxyPort: number
  readonly behindProxyPort: number
  readonly #files: BrokerFiles
  readonly #command: readonly string[]
  #child: ChildProcess | null = null

  constructor(files: BrokerFiles, command: readonly string[]) {
    this.#files = files
    this.#command = command
    this.brokers = [`127.0.0.1:${files.ports.plain}`]
    this.secureBrokers = [`127.0.0.1:${files.ports.secure}`]
    this.mutualBrokers = [`127.0.0.1:${files.ports.mutual}`]
    this.certificate = pairOf(files.directory, 'broker').certificate
    this.client = pairOf(files.directory, 'client')
    this.proxyPort = files.ports.proxy
    this.behindProxyPort = files.ports.behindProxy
  }

  async start(): Promise<void> {
    if (this.#child !== null) throw new Error('the broker is running')
    const output = openSync(this.#files.output, 'a')
    const [command = '', ...args] = this.#command
    const child = spawn(command, args, { stdio: ['ignore', output, output] })
    closeSync(output)
    this.#child = child
    const ended = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', (status, signal) =>
        reject(new Error(`the broker ended with ${status ?? signal}: ${this.#lastOutput()}`)),
      )
    })
    ended.catch(() => {})
    await Promise.race([untilAnswering(this.brokers), ended]).catch(async (error: unknown) => {
      await this.kill()
      throw new Error(`the broker does not start: ${this.#lastOutput()}`, { cause: error })
    })
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    // Only a broker that ends in good order leaves its archive of classes.
    const archive = join(this.#files.directory, 'classes.jsa')
    const wantsArchive = this.#command.includes(`-XX:ArchiveClassesAtExit=${archive}`)
    await (wantsArchive ? this.stop() : this.kill())
    if (wantsArchive && existsSync(archive)) await keepArchive(archive)
    rmSync(this.#files.directory, { recursive: true, force: true })
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(deadline)
  }

  #lastOutput(): string {
    return readFileSync(this.#files.output, 'utf8').slice(-1500)
  }
}

/** Beside the jars, under its name only when it is whole: another broker may be starting. */
async function keepArchive(archive: string): Promise<void> {
  const jars = await brokerJars()
  if (!jars.ok) return
  const incoming = `${jars.directory}.jsa.${process.pid}`
  await run('sh', ['-c', 'cp "$1" "$2" && mv "$2" "$3"', 'sh', archive, incoming, `${jars.directory}.jsa`], {
    timeout: 60_000,
  })
}
