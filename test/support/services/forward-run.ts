import { forward } from './forward.ts'

/** Run in another network: opens there each `PORT=PATH` of its arguments, for what listens behind the Unix socket PATH. */
for (const argument of process.argv.slice(2)) {
  const [port = '', path = ''] = argument.split('=')
  await forward(Number(port), path)
}
process.stdout.write('ready\n')
