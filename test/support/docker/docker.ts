import { fileURLToPath } from 'node:url'
import { type CommandOptions, type CommandResult, runCommand } from '../mail-host/command.ts'
import { ownDockerAvailable, startOwnDocker } from './own-docker.ts'

/** A Docker daemon, and an image with Node to build on. */
export interface Docker {
  /** As DOCKER_HOST wants it. */
  readonly host: string
  /** Image with Node 24 and npm. */
  readonly nodeImage: string
  /** Image of Debian, with apt. */
  readonly debianImage: string
  /** Runs the docker command in the repository's root. */
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** Runs Compose there: version 2 of the machine's Docker, 1.29 of Debian's. */
  compose(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** Ends the daemon and its containers where it was started here. */
  stop(): Promise<void>
}

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
/** The images that infra/ names by default. */
const NODE_IMAGE = 'node:24-bookworm-slim'
const DEBIAN_IMAGE = 'debian:bookworm-slim'
const PULL_MS = 180_000

/** Why there is no Docker on this machine, as half a sentence; null when there is. For `describe.skipIf`. */
export async function dockerAvailable(): Promise<string | null> {
  if (await machinesDockerRuns()) return machinesDockerUnavailable()
  return ownDockerAvailable()
}

/** Docker of the machine where it runs, else Debian's, started for this test; the first time that takes minutes. @throws Error with its words */
export async function startDocker(): Promise<Docker> {
  return (await machinesDockerRuns()) ? machinesDocker() : startOwnDocker()
}

async function machinesDockerRuns(): Promise<boolean> {
  const info = await runCommand(['docker', 'info', '--format', '{{.ServerVersion}}'], { timeout: 15_000 }).catch(
    () => undefined,
  )
  return info?.code === 0 && info.stdout.trim() !== ''
}

/** Whether the images can be had is not known before. */
async function machinesDockerUnavailable(): Promise<string | null> {
  for (const image of [NODE_IMAGE, DEBIAN_IMAGE]) {
    const here = await runCommand(['docker', 'image', 'inspect', image])
    if (here.code === 0) continue
    const pulled = await runCommand(['docker', 'pull', '--quiet', image], { timeout: PULL_MS })
    if (pulled.code !== 0) return `${image} cannot be pulled: ${pulled.stderr.trim().slice(-200)}`
  }
  return null
}

async function machinesDocker(): Promise<Docker> {
  const context = await runCommand(['docker', 'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'])
  const { DOCKER_HOST: host = context.stdout.trim() } = process.env
  const docker: Docker['docker'] = (args, options) =>
    runCommand(['docker', ...args], { ...options, cwd: REPOSITORY, env: { DOCKER_BUILDKIT: '1', ...options?.env } })
  return {
    host,
    nodeImage: NODE_IMAGE,
    debianImage: DEBIAN_IMAGE,
    docker,
    compose: (args, options) => docker(['compose', ...args], options),
    stop: async () => {},
  }
}
