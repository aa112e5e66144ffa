/**
 * Why a source cannot be read. `cut_off`, `damaged` and `read_failed` come in the middle: what was readable before has been delivered.
 * The others come before the first line. The codes are stable; scripts may rely on them.
 */
export const INPUT_ERROR_CODES = [
  'not_found',
  'is_directory',
  'no_permission',
  'cannot_open',
  'utf16',
  'unsupported_format',
  'read_failed',
  'cut_off',
  'damaged',
] as const
export type InputErrorCode = (typeof INPUT_ERROR_CODES)[number]

/** Name under which standard input appears in events and messages. */
export const STDIN_NAME = 'stdin'

const BROKE_IN_THE_MIDDLE: ReadonlySet<InputErrorCode> = new Set(['read_failed', 'cut_off', 'damaged'])

/** A source that cannot be read. The message says what is wrong, where, and what to do about it. */
export class InputError extends Error {
  readonly code: InputErrorCode
  /** Name of the source, as it was given. */
  readonly source: string

  constructor(code: InputErrorCode, source: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'InputError'
    this.code = code
    this.source = source
  }

  /** True when the source was being read and broke: a part of it is in the result, and the rest is not. */
  get inTheMiddle(): boolean {
    return BROKE_IN_THE_MIDDLE.has(this.code)
  }
}

/** Turns the operating system's refusal to open `path` into words. */
export function openError(path: string, source: string, cause: unknown): InputError {
  switch (systemCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new InputError('not_found', source, `${path}: there is no such file. Check the path.`, cause)
    case 'EACCES':
    case 'EPERM':
      return new InputError(
        'no_permission',
        source,
        `${path}: you may not read this file. Run as a user who may (on Debian and Ubuntu: a member of group adm), or with sudo.`,
        cause,
      )
    case 'EISDIR':
      return directoryError(path, source)
    default:
      return new InputError('cannot_open', source, `${path}: cannot be opened: ${errorText(cause)}.`, cause)
  }
}

/** A source as the operand of a command to be copied into a shell; nothing for standard input, which commands read by themselves. */
export function shellOperand(source: string): string {
  if (source === STDIN_NAME) return ''
  return /^[\w@%+:,./-]+$/.test(source) ? ` ${source}` : ` '${source.replaceAll("'", "'\\''")}'`
}

export function directoryError(path: string, source: string): InputError {
  return new InputError('is_directory', source, `${path}: is a directory. Name the log files in it, oldest first.`)
}

/** The operating system gave up while the file was being read. */
export function readError(source: string, bytesRead: number, cause: unknown): InputError {
  const code = systemCode(cause)
  if (code === 'EISDIR') return directoryError(source, source)
  return new InputError(
    'read_failed',
    source,
    `${source}: reading failed at byte ${bytesRead}: ${errorText(cause)}. What was read before it is in the result. ` +
      'Check the disk or the network share, and run again.',
    cause,
  )
}

export function systemCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}

export function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
