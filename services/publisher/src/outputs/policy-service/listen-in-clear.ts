import { isLoopback } from '@tlsrep/platform/config/addresses'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'

/**
 * Refuses to listen where other machines reach it unless the operator said in so many words that they may: the protocol has no TLS.
 * @throws OperatorError TLSREP_LISTEN_IN_CLEAR
 */
export function refuseOpenAddress({ address, insecure }: { address: string; insecure?: boolean | undefined }): void {
  if (insecure === true || isLoopback(address)) return
  throw new OperatorError({
    code: 'TLSREP_LISTEN_IN_CLEAR',
    message: `the policy service would listen on ${address}, where other machines can reach it, and its protocol has no TLS`,
    where: 'publisher.outputs.policy_service.listen',
    remedy: 'Listen on 127.0.0.1 or on a socket file, or write `insecure: true` where the network is to be trusted.',
  })
}
