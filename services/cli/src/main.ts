import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { CommanderError } from 'commander'
import { EXIT } from './exit-codes.ts'
import { written } from './output/line-writer.ts'
import { createProgram } from './program.ts'

/** After this long, a second interrupt means it: the first may have come twice, from the terminal and from a parent process. */
const IMPATIENT_AFTER_MS = 500

const interrupt = new AbortController()
let interruptedAt = 0

process.on('SIGINT', () => {
  const now = performance.now()
  if (interrupt.signal.aborted && now - interruptedAt > IMPATIENT_AFTER_MS) process.exit(EXIT.interrupted)
  if (!interrupt.signal.aborted) interruptedAt = now
  interrupt.abort()
})

// Whoever reads us may stop whenever they have enough (`| head`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  process.stderr.write(`tlsrep: standard output cannot be written: ${error.message}\n`, () => process.exit(EXIT.faults))
})
process.stderr.on('error', () => {})

process.exit(await run(process.argv))

async function run(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok
  const program = createProgram(
    { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: interrupt.signal, now: Date.now },
    (code) => {
      exitCode = code
    },
  )
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
    else {
      process.stderr.write(failureText(error))
      exitCode = EXIT.faults
    }
  }
  await Promise.all([written(process.stdout, ''), written(process.stderr, '')])
  return exitCode
}
