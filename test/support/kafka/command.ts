import { spawn } from 'node:child_process'

/** Runs a command to its end. @returns its exit status and what it wrote, the last 4000 characters; status null where it was killed or is missing */
export function run(
  command: string,
  args: readonly string[],
  options: { timeout: number },
): Promise<{ status: number | null; text: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: options.timeout })
    let text = ''
    const collect = (chunk: Buffer): void => {
      text = (text + chunk.toString()).slice(-4000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ status: null, text: error.message }))
    child.on('close', (status) => resolve({ status, text: text.trim() }))
  })
}

export async function hasCommand(command: string): Promise<boolean> {
  return (await run('sh', ['-c', `command -v ${command}`], { timeout: 5000 })).status === 0
}
