import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MX_ADDRESS, MX_NAME, mainCf, masterCf } from './postfix-config.ts'

/** Owner of the mailbox: a number that no user of the system has. */
const MAILBOX_UID = 5000

/** What a host's files are made of. */
export interface HostFiles {
  /** Settings beside or instead of the host's own (postfix-config.ts). */
  mainCf?: Readonly<Record<string, string>>
  /** Entries of master.cf beside or instead of the host's own. */
  masterCf?: readonly string[]
  /** Other files of the host: absolute path to content. */
  files?: Readonly<Record<string, string>>
  /** Names by address, confirmed forward and back. Addresses without one are `unknown` to Postfix. */
  names?: Readonly<Record<string, string>>
}

/** Puts into a host's directory what init.sh takes from there. */
export function writeHostFiles(directory: string, options: HostFiles): void {
  for (const name of ['work', 'root', 'log', 'mail', 'files']) mkdirSync(join(directory, name))
  chownSync(join(directory, 'mail'), MAILBOX_UID, MAILBOX_UID)
  writeFileSync(join(directory, 'hosts'), hostsFile(options.names ?? {}))
  // Nobody answers there until a test starts a name server, and that is known at once: nothing waits for it.
  writeFileSync(join(directory, 'resolv.conf'), 'nameserver 127.0.0.1\noptions attempts:1 timeout:2\n')
  const files = {
    '/etc/postfix/main.cf': mainCf(options.mainCf ?? {}),
    '/etc/postfix/master.cf': masterCf(options.masterCf ?? []),
    ...options.files,
  }
  for (const [path, content] of Object.entries(files)) {
    const target = join(directory, 'files', path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
  }
}

function hostsFile(names: Readonly<Record<string, string>>): string {
  const entries = { '127.0.0.1': 'localhost', '::1': 'localhost', [MX_ADDRESS]: MX_NAME, ...names }
  return Object.entries(entries)
    .map(([address, name]) => `${address} ${name}\n`)
    .join('')
}

/** libfaketime as the image has it, else as the machine has it. */
export function faketimeLibrary(image: string): string {
  const folders = [join(image, 'upper/usr/lib'), '/usr/lib'].filter((folder) => existsSync(folder))
  const candidates = folders.flatMap((folder) =>
    readdirSync(folder).map((name) => join(folder, name, 'faketime', 'libfaketime.so.1')),
  )
  const found = candidates.find((path) => existsSync(path))
  if (found === undefined) throw new Error('the image has no libfaketime')
  return found
}
