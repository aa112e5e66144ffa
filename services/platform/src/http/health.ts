/** What a health check found; `detail` is for people, e.g. how old the last batch is. */
export interface HealthFinding {
  ok: boolean
  detail?: string
}

/** A question about one part that must be well before traffic is sent here. */
export interface HealthCheck {
  readonly name: string
  check(): HealthFinding | Promise<HealthFinding>
}

export interface HealthReport {
  ok: boolean
  checks: readonly { name: string; ok: boolean; detail?: string }[]
}

/** A check that takes longer has answered: no. */
const CHECK_TIMEOUT_MS = 2000

/** Asks all checks at once. Never rejects: a check that throws or hangs is not ok. */
export async function runChecks(checks: readonly HealthCheck[], timeoutMs = CHECK_TIMEOUT_MS): Promise<HealthReport> {
  const results = await Promise.all(
    checks.map(async (check) => ({ name: check.name, ...(await findingOf(check, timeoutMs)) })),
  )
  return { ok: results.every(({ ok }) => ok), checks: results }
}

async function findingOf(check: HealthCheck, timeoutMs: number): Promise<HealthFinding> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<HealthFinding>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: `no answer within ${timeoutMs} ms` }), timeoutMs)
  })
  try {
    return await Promise.race([check.check(), late])
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}
