/** Longest name that is looked up or kept: GnuTLS's longest session description is shorter, all the rest far shorter. */
export const MAX_NAME_LENGTH = 96

const MAX_REMEMBERED = 512

/**
 * A copy that owns its characters. A piece cut out of a log chunk keeps the whole chunk in memory for as long as the
 * piece lives, so whatever outlives its line must be copied.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}

/**
 * Puts a bounded memory in front of a pure look-up, known and unknown names alike: a repeated name costs one Map hit and
 * allocates nothing. Names come out of log text that others write, so over-long ones are unknown unseen, and a full
 * memory is emptied rather than grown.
 */
export function rememberAnswers<Answer extends NonNullable<unknown>>(
  find: (name: string) => Answer | undefined,
  maxLength = MAX_NAME_LENGTH,
): (name: string) => Answer | undefined {
  const answers = new Map<string, Answer | null>()
  return (name) => {
    if (name.length > maxLength) return undefined
    const known = answers.get(name)
    if (known !== undefined) return known ?? undefined
    const answer = find(name)
    if (answers.size >= MAX_REMEMBERED) answers.clear()
    answers.set(ownCopy(name), answer ?? null)
    return answer
  }
}
