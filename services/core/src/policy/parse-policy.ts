import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml'
import { crossChecks, type Fault } from './cross-checks.ts'
import { describeIssue } from './describe-issue.ts'
import { lineOfPath } from './line-of-path.ts'
import { type Policy, policySchema } from './policy.ts'
import { policyHash } from './policy-hash.ts'

/** Code of the page docs/errors/TLSREP_POLICY_INVALID.md, for whoever refuses to start because of problems. */
export const POLICY_INVALID = 'TLSREP_POLICY_INVALID'

/** One thing wrong with a policy file, for the person who wrote it. */
export interface PolicyProblem {
  /** Where the text came from, as the caller named it. */
  source: string
  /** Line in the text, from 1. */
  line: number
  /** The key, e.g. `bounds.tag.list_at`; empty for what concerns the text as a whole. */
  path: string
  message: string
  /** What to write instead. */
  suggestion: string
}

export type ParsedPolicy = { ok: true; policy: Policy } | { ok: false; problems: readonly PolicyProblem[] }

/**
 * Reads a policy. All that is wrong is reported at once, in the order of the lines. An empty text is the default policy.
 * @param sourceName name of the file, for messages
 */
export function parsePolicy(text: string, sourceName: string): ParsedPolicy {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const broken = [...document.errors, ...document.warnings]
  if (broken.length > 0) return { ok: false, problems: broken.map((error) => syntaxProblem(error, lines, sourceName)) }
  const content = plainContent(document)
  const { policy, faults } = content === undefined ? { faults: [TOO_MANY_ALIASES] } : checked(content)
  if (policy !== undefined) return { ok: true, policy }
  const problems = faults.map((fault) => ({
    source: sourceName,
    line: lineOfPath(document, lines, fault.path),
    path: pathText(fault.path),
    message: fault.message,
    suggestion: fault.suggestion,
  }))
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line) }
}

function syntaxProblem(error: YAMLError, lines: LineCounter, source: string): PolicyProblem {
  return {
    source,
    line: lines.linePos(error.pos[0]).line || 1,
    path: '',
    message: `not YAML: ${error.message}`,
    suggestion: SYNTAX_SUGGESTIONS[error.code] ?? 'look at the indentation, the colons and the quotes of this line',
  }
}

const SYNTAX_SUGGESTIONS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'remove one of the two',
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'keep one document, without a line of three dashes in the middle',
}

const TOO_MANY_ALIASES: Fault = {
  path: [],
  message: 'its aliases (*name) name nothing, or unfold to too much',
  suggestion: 'write the values out',
}

/** Undefined when aliases cannot be followed: yaml stops at those that would fill the memory. */
function plainContent(document: Document.Parsed): unknown {
  if (document.contents === null) return {}
  try {
    return document.toJS()
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

function pathText(path: Fault['path']): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
}

/** The policy that an empty file stands for; services/core/policy/default.yaml says the same, with reasons. */
export function defaultPolicy(): Policy {
  const { policy } = checked({})
  if (policy === undefined) throw new Error('the default policy is not valid')
  return policy
}

function checked(content: unknown): { policy?: Policy; faults: readonly Fault[] } {
  const parsed = policySchema.safeParse(content, { reportInput: true })
  if (!parsed.success) return { faults: parsed.error.issues.flatMap((issue) => describeIssue(issue)) }
  const faults = crossChecks(parsed.data)
  return faults.length > 0 ? { faults } : { faults, policy: { ...parsed.data, hash: policyHash(parsed.data) } }
}
