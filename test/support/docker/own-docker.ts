import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type CommandOptions, type CommandResult, mustSucceed, runCommand, startCommand } from '../mail-host/command.ts'
import { until } from '../mail-host/until.ts'
import type { Docker } from './docker.ts'
import { dockerTools, dockerToolsAvailable } from './tools.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const REPOSITORY = resolve(HERE, '../../..')
const START_MS = 30_000
const BASE_MS = 180_000
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const DEBIAN = 'tlsrep-test/debian'
const NODE = 'tlsrep-test/node'

export function ownDockerAvailable(): string | null {
  if (nodeBinary() === undefined) return 'needs a Node 24 for Linux in node_modules'
  if (npmDirectory() === undefined) return 'needs npm'
  if (!existsSync(CERTIFICATES)) return `needs ${CERTIFICATES}`
  return dockerToolsAvailable()
}

/** Debian's Docker in namespaces of its own. It ends with this process, even by SIGKILL. @throws Error with the words of the failed step */
export async function startOwnDocker(): Promise<Docker> {
  const tools = await dockerTools()
  const daemon = await startDaemon(tools)
  try {
    const socket = join(tools, 'run', 'docker.sock')
    await until(
      'dockerd answers',
      async () => existsSync(socket) && (await daemon.run(['docker', 'version'])).code === 0,
      { timeout: START_MS },
    ).catch((error: unknown) => {
      throw new Error(`${error}\n${readFileSync(join(tools, 'dockerd.log'), 'utf8').slice(-2000)}`)
    })
    await removeLeftovers(daemon)
    await makeBaseImages(daemon)
    return {
      host: `unix://${socket}`,
      nodeImage: NODE,
      debianImage: DEBIAN,
      docker: (args, options) => daemon.run(['docker', ...args], options),
      compose: (args, options) => daemon.run(['docker-compose', ...args], options),
      stop: daemon.stop,
    }
  } catch (error) {
    await daemon.stop()
    throw error
  }
}

interface Daemon {
  /** Runs a command beside the daemon, in the repository's root. */
  run(argv: readonly string[], options?: CommandOptions): Promise<CommandResult>
  stop(): Promise<void>
}

async function startDaemon(tools: string): Promise<Daemon> {
  // The lock is the waiting command's own: what is left running by mistake does not hold it.
  const lock = ['flock', '--close', `${tools}.run.lock`]
  const child = startCommand([...lock, 'sh', join(HERE, 'daemon.sh'), 'outside', tools, REPOSITORY])
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const pid = await reportedPid(child)
  if (pid === null) throw new Error(`dockerd did not start: ${stderr}`)
  const entry = ['nsenter', `--target=${pid}`, '--mount', '--pid']
  const environment = [
    'env',
    `--chdir=${REPOSITORY}`,
    'DOCKER_HOST=unix:///docker/run/docker.sock',
    'DOCKER_BUILDKIT=1',
  ]
  return {
    run: (argv, options) =>
      runCommand([...entry, ...environment, 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...argv], options),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.stdin?.end()
      await ended
    },
  }
}

function reportedPid(child: ChildProcess): Promise<number | null> {
  const { promise, resolve: done, reject } = Promise.withResolvers<number | null>()
  child.on('error', reject)
  child.on('close', () => done(null))
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [report, value] = line.split(' ')
      if (report === 'pid') done(Number(value))
    })
  }
  return promise
}

/** Containers and volumes of a run that was killed. Whatever is there is a test's: nobody else knows this daemon. */
async function removeLeftovers(daemon: Daemon): Promise<void> {
  const remove =
    'docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes && docker volume prune --force'
  mustSucceed(await daemon.run(['sh', '-c', remove]))
}

/** Kept with the daemon's data: made once a machine. */
async function makeBaseImages(daemon: Daemon): Promise<void> {
  const has = async (image: string): Promise<boolean> =>
    (await daemon.run(['docker', 'image', 'inspect', image])).code === 0
  if (!(await has(DEBIAN)))
    mustSucceed(await daemon.run(['docker', 'import', '/docker/base.tar', DEBIAN], { timeout: BASE_MS }))
  const node = nodeBinary()
  const npm = npmDirectory()
  if (node === undefined || npm === undefined) throw new Error('no Node or npm to put into an image')
  const image = `${NODE}:${nodeKey(node)}`
  if (!(await has(image))) {
    const context = `tar -c -C "$1" node -C "$2" npm -C "$3" Dockerfile.node -C "$5" ca-certificates.crt | docker build --file Dockerfile.node --tag "$4" -`
    const build = ['sh', '-c', context, 'sh', dirname(node), dirname(npm), HERE, image, dirname(CERTIFICATES)]
    mustSucceed(await daemon.run(build, { timeout: BASE_MS }))
  }
  mustSucceed(await daemon.run(['docker', 'tag', image, NODE]))
}

function nodeBinary(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`)
  } catch {
    return undefined
  }
}

/** Of what the image is made of; a Node of another version lies at another place or has another size. */
function nodeKey(node: string): string {
  const hash = createHash('sha256').update(`${realpathSync(node)} ${statSync(node).size} ${statSync(node).mtimeMs}`)
  for (const path of [join(HERE, 'Dockerfile.node'), CERTIFICATES]) hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}

/** The npm that runs this. */
function npmDirectory(): string | undefined {
  const { npm_execpath: running } = process.env
  const candidates = [running, '/usr/lib/node_modules/npm/bin/npm-cli.js', '/usr/share/nodejs/npm/bin/npm-cli.js']
  const found = candidates.find((path) => path?.endsWith('npm-cli.js') && existsSync(path))
  return found === undefined ? undefined : dirname(dirname(realpathSync(found)))
}
