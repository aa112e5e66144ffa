import { expect } from 'vitest'
import type { Config } from './config.ts'
import { loadConfig } from './load-config.ts'
import { type ConfigProblem, problemText } from './problem.ts'

/** A file system of a few files; what is not in it is not there. */
export function load(
  files: Record<string, string | NodeJS.ErrnoException>,
  options: { explicitPath?: string; env?: NodeJS.ProcessEnv } = {},
) {
  return loadConfig({
    cwd: '/work',
    readFile: (path) => {
      const file = files[path] ?? Object.assign(new Error('no such file'), { code: 'ENOENT' })
      if (typeof file !== 'string') throw file
      return file
    },
    ...options,
  })
}

export function problemsOf(text: string): ConfigProblem[] {
  const loaded = load({ '/work/tlsrep.yaml': text })
  return loaded.ok ? [] : [...loaded.problems]
}

export function configOf(text: string, env: NodeJS.ProcessEnv = {}, others: Record<string, string> = {}): Config {
  const loaded = load({ '/work/tlsrep.yaml': text, ...others }, { env })
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join(''))
  return loaded.config
}

/** A broken file, where its one problem is (`LINE:COLUMN KEY`), and a part of what is said of it. */
export type BrokenFile = [name: string, text: string, where: string, problem: RegExp, instead: RegExp]

export function expectProblem(text: string, where: string, problem: RegExp, instead: RegExp): void {
  const problems = problemsOf(text)
  expect(problems.map(({ line, column, path }) => `${line}:${column} ${path}`.trim())).toEqual([where])
  expect(problems).toEqual([
    expect.objectContaining({ problem: expect.stringMatching(problem), instead: expect.stringMatching(instead) }),
  ])
}
