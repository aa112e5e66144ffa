import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { quoted } from './text-value.ts'

export type Path = readonly (string | number)[]

/** Where a key and its value begin, and where the value ends, as offsets of the text. */
interface Place {
  key: number | undefined
  value: number
  end: number
}

/** Something that is wrong with the file as YAML, or with the shape of its tree. */
export interface TreeProblem {
  offset: number
  path: Path
  problem: string
  instead: string
  /** True where the rest of the file may have been misread because of it. */
  syntax: boolean
}

/** A configuration needs six levels; what goes deeper is a slip or an attack. */
const MAX_DEPTH = 20
/** Aliases can make a small file large, and each is looked up in the whole document. */
const MAX_NODES = 20_000
const MAX_ALIASES = 500
/** After so many, the rest is a consequence of the first. */
const MAX_SYNTAX_PROBLEMS = 5

/** A YAML text as plain values, with the place of each in the text. Keys without a value are left out, as if they were not written. */
export class YamlTree {
  readonly problems: TreeProblem[] = []
  readonly value: unknown
  readonly #lines = new LineCounter()
  readonly #places = new Map<string, Place>()
  #nodes = 0
  #aliases = 0
  #isTooLarge = false

  constructor(text: string) {
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      // `silent` would hide that a second document follows.
      logLevel: 'error',
      prettyErrors: false,
      resolveKnownTags: false,
      stringKeys: true,
      uniqueKeys: false,
    })
    this.#takeSyntaxProblems(document)
    this.value = document.contents === null ? undefined : this.#read(document.contents, [], undefined, document)
  }

  /** Line and column of an offset, both from 1. */
  position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  /** Where the value of a path is written; where it is not, the nearest that is around it. */
  valueOffset(path: Path): number {
    return this.#place(path).value
  }

  /** Where the value of a path ends; where it is not written, the nearest that is around it. */
  endOffset(path: Path): number {
    return this.#place(path).end
  }

  /** Where the key of a path is written; where it has none, its value. */
  keyOffset(path: Path): number {
    const place = this.#place(path)
    return place.key ?? place.value
  }

  isWritten(path: Path): boolean {
    return this.#places.has(JSON.stringify(path))
  }

  #place(path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)))
      if (place !== undefined) return place
    }
    return { key: undefined, value: 0, end: 0 }
  }

  #takeSyntaxProblems({ errors, warnings }: Document): void {
    const seen = new Set<number>()
    for (const { code, message, pos } of [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0])) {
      const { line } = this.position(pos[0])
      if (seen.has(line) || seen.size === MAX_SYNTAX_PROBLEMS) continue
      seen.add(line)
      this.problems.push({ offset: pos[0], path: [], syntax: true, ...syntaxWords(code, message) })
    }
  }

  #read(node: unknown, path: Path, key: number | undefined, document: Document): unknown {
    if (isAlias(node)) return this.#readAlias(node, path, key, document)
    const offset = offsetOf(node)
    if (path.length > MAX_DEPTH || ++this.#nodes > MAX_NODES || this.#aliases > MAX_ALIASES)
      return this.#tooLarge(offset, path)
    this.#places.set(JSON.stringify(path), { key, value: offset, end: endOf(node) })
    if (isScalar(node)) return node.value
    if (isSeq(node)) return node.items.map((item, index) => this.#read(item, [...path, index], undefined, document))
    return isMap(node) ? this.#readMap(node, path, document) : undefined
  }

  #readMap(map: YAMLMap, path: Path, document: Document): object {
    const firstOffsets = new Map<string, number>()
    const entries: [string, unknown][] = []
    for (const { key, value } of map.items as Pair[]) {
      if (!isScalar(key)) continue
      const name = String(key.value ?? '')
      const offset = offsetOf(key)
      const first = firstOffsets.get(name)
      if (first !== undefined) {
        const line = this.position(first).line
        this.#complain(offset, [...path, name], `is written twice, first on line ${line}`, 'Keep one of them.')
        continue
      }
      firstOffsets.set(name, offset)
      const read = this.#read(value, [...path, name], offset, document)
      if (read !== null && read !== undefined) entries.push([name, read])
    }
    return Object.fromEntries(entries)
  }

  #readAlias(alias: Alias, path: Path, key: number | undefined, document: Document): unknown {
    const target = ++this.#aliases > MAX_ALIASES ? undefined : alias.resolve(document)
    if (this.#aliases > MAX_ALIASES) return this.#tooLarge(offsetOf(alias), path)
    if (target !== undefined) {
      const value = this.#read(target, path, key, document)
      // The value stands where the alias does; what is in it, where it was written.
      this.#places.set(JSON.stringify(path), { key, value: offsetOf(alias), end: endOf(alias) })
      return value
    }
    this.#complain(
      offsetOf(alias),
      path,
      `there is no &${alias.source} before *${alias.source}`,
      `Write the value itself, or put it in quotes: ${quoted(`*${alias.source}`)}.`,
    )
    return undefined
  }

  #tooLarge(offset: number, path: Path): undefined {
    if (this.#isTooLarge) return
    this.#isTooLarge = true
    this.#complain(
      offset,
      path,
      'is nested too deep, or too large',
      'Write a configuration as in docs/configuration.md.',
    )
  }

  #complain(offset: number, path: Path, problem: string, instead: string): void {
    this.problems.push({ offset, path, problem, instead, syntax: false })
  }
}

function offsetOf(node: unknown): number {
  return rangeOf(node)[0]
}

function endOf(node: unknown): number {
  return rangeOf(node)[1]
}

function rangeOf(node: unknown): [begin: number, end: number] {
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
  const [begin, end]: unknown[] = Array.isArray(range) ? range : []
  return typeof begin === 'number' && typeof end === 'number' ? [begin, end] : [0, 0]
}

function syntaxWords(code: string, message: string): { problem: string; instead: string } {
  const known = SYNTAX_WORDS[code]
  if (known !== undefined) return known
  const first = message.split('\n')[0] ?? ''
  return { problem: `is no YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`, instead: SYNTAX_HINT }
}

const SYNTAX_HINT =
  'Write `key: value`; indent with spaces; quote text that holds `: `, ` #` or begins with a special character.'

const SYNTAX_WORDS: Readonly<Record<string, { problem: string; instead: string }>> = {
  TAB_AS_INDENT: { problem: 'a tab stands where the line is indented', instead: 'Indent with spaces.' },
  MULTIPLE_DOCS: {
    problem: 'a second document begins here',
    instead: 'Take out the line `---`, or the rest of the file.',
  },
  TAG_RESOLVE_FAILED: {
    problem: 'a tag (`!…`) has no meaning here',
    instead: 'Take it out, or put the value in quotes.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    problem: 'a second `: ` stands on this line',
    instead: 'Put the value in quotes, or begin a new line for its keys.',
  },
  NON_STRING_KEY: { problem: 'a key is not text', instead: 'Write a word as the key.' },
  RESOURCE_EXHAUSTION: { problem: 'is nested too deep', instead: 'Write a configuration as in docs/configuration.md.' },
}
