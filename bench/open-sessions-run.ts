import { parseFile } from './parse-log.ts'

/** Run by the bench in a process of its own: reads a log of open sessions and prints the most memory it took, in bytes. */
const path = process.argv[2]
if (path === undefined) throw new Error('use: open-sessions-run.ts LOG')
let atMost = 0
await parseFile(path, () => {
  if (atMost === 0) atMost = process.resourceUsage().maxRSS * 1024
})
console.log(atMost)
