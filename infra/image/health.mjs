// Asks the service in this container whether it is ready; exit 0 when it is. The address is that of the argument or of TLSREP_HEALTH_URL;
// without one, the default ports are tried, and the first that is open has the say.
const given = process.argv[2] ?? process.env.TLSREP_HEALTH_URL
const urls = given ? [given] : [8642, 8651, 8652, 8653].map((port) => `http://127.0.0.1:${port}/health/ready`)

for (const url of urls) {
  const answer = await ask(url)
  if (answer === undefined) continue
  console.log(answer.text)
  process.exit(answer.ok ? 0 : 1)
}
console.log(`nobody answers at ${urls.join(', ')}`)
process.exit(1)

/** Undefined where nobody listens. What the service says of itself is cut: Docker keeps it. */
async function ask(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(4000) })
    return { ok: response.ok, text: (await response.text()).slice(0, 2000) }
  } catch (error) {
    if (error.cause?.code === 'ECONNREFUSED') return undefined
    return { ok: false, text: `${url}: ${error.cause?.message ?? error.message}` }
  }
}
