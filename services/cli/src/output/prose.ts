/** Text in lines of at most `width` characters, broken between words, not before a per cent sign; a longer word has a line of its own. Ends with a line feed. */
export function wrapped(text: string, width: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/ (?!%)/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return `${[...lines, line].join('\n')}\n`
}

/** The same behind a label, the further lines under the first one's text. */
export function labelled(label: string, text: string, width: number): string {
  const indent = ' '.repeat(label.length)
  const lines = wrapped(text, width - label.length)
    .trimEnd()
    .split('\n')
  return lines.map((line, index) => `${index === 0 ? label : indent}${line}\n`).join('')
}

/** A moment for people: `2026-11-25 13:56 UTC`. @param time milliseconds since 1970 UTC, or RFC 3339 */
export function momentText(time: number | string): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
