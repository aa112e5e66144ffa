/** Runs something once after a while (ms), unless the returned function is called before. */
export type Timer = (delay: number, run: () => void) => () => void

/** Longest delay of a timer in Node, some 24.8 days; whoever waits longer has to look again then. */
const DELAY_MAX = 2 ** 31 - 1

/** The process's own timer. It does not keep the process alive. */
export const systemTimer: Timer = (delay, run) => {
  const timer = setTimeout(run, Math.min(Math.max(delay, 0), DELAY_MAX))
  timer.unref()
  return () => clearTimeout(timer)
}
