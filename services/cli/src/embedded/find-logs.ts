import { accessSync, constants, realpathSync, statSync } from 'node:fs'

/** Where Debian, Red Hat, SUSE, Arch and Alpine put what the mail facility says; Postfix's own maillog_file is mostly set to one of them. */
const USUAL_PLACES = [
  '/var/log/mail.log',
  '/var/log/maillog',
  '/var/log/mail',
  '/var/log/mail/mail.log',
  '/var/log/postfix.log',
]

export interface FoundLogs {
  readable: readonly string[]
  /** There, but not for this user. */
  forbidden: readonly string[]
}

/**
 * The mail logs of this machine, at the places where systems put them; one that has two names there, once. Empty files count: they may be
 * written to at any moment.
 */
export function findMailLogs(places: readonly string[] = USUAL_PLACES, mayRead = isReadable): FoundLogs {
  const byFile = new Map<string, string>()
  for (const path of places.filter(isFile)) {
    const file = realpathSync(path)
    if (!byFile.has(file)) byFile.set(file, path)
  }
  const files = [...byFile.values()]
  return { readable: files.filter(mayRead), forbidden: files.filter((path) => !mayRead(path)) }
}

export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

export function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
