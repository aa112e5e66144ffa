/** What the shell is told. */
export const EXIT = {
  ok: 0,
  /** The answer is no, or the input broke in the middle. */
  faults: 1,
  /** Wrong use: an option, a file, a name. */
  usage: 2,
  /** Ended by SIGINT: 128 + 2. */
  interrupted: 130,
} as const
