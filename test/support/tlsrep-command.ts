import { fileURLToPath } from 'node:url'

/** The command, as a shell would start it with Node. */
export const BIN = fileURLToPath(new URL('../../services/cli/bin/tlsrep.mjs', import.meta.url))
