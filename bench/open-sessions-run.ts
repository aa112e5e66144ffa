import { parseFile } from './parse-log.ts'

/** Run by the bench in a process of its own: reads a log of open sessions, and prints what they take when all are open, in bytes. */
const path = process.argv[2]
if (path === undefined) throw new Error('use: node --expose-gc open-sessions-run.ts LOG')
let told = false
await parseFile(path, () => {
  if (told) return
  told = true
  const rss = process.resourceUsage().maxRSS * 1024
  globalThis.gc?.()
  console.log(JSON.stringify({ heap: process.memoryUsage().heapUsed, rss }))
})
