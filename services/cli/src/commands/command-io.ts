/** What a command has to do with the world outside it. */
export interface CommandIo {
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  env: NodeJS.ProcessEnv
  /** Aborted when the user interrupts. */
  signal: AbortSignal
  /** Milliseconds since 1970 UTC. */
  now(): number
}
