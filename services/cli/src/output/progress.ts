import type { Writable } from 'node:stream'
import { SingleBar } from 'cli-progress'
import { bytesText, durationText } from './quantities.ts'

const BAR_CELLS = 20
const UPDATES_PER_SECOND = 5

/** How far a run is, shown on a terminal while it goes on. */
export interface Progress {
  update(bytes: number, lines: number): void
  /** Takes the bar off while something else is written to the terminal. */
  interrupt(write: () => void): void
  /** Takes the bar off the terminal. */
  stop(): void
}

export const NO_PROGRESS: Progress = { update() {}, interrupt: (write) => write(), stop() {} }

/**
 * Shows bytes, lines per second and the time left.
 * @param total bytes of all sources on disk, null where that is not known beforehand
 */
export function showProgress(stream: Writable, total: number | null): Progress {
  const started = performance.now()
  const bar = new SingleBar({
    stream,
    format: (_options, _params, payload: ProgressState) => progressText(payload),
    fps: UPDATES_PER_SECOND,
    clearOnComplete: true,
    linewrap: true,
    gracefulExit: false,
  })
  const state = (bytes: number, lines: number): ProgressState => ({
    bytes,
    lines,
    total,
    seconds: (performance.now() - started) / 1000,
  })
  let shown = state(0, 0)
  const start = (): void => bar.start(total ?? 0, shown.bytes, shown)
  const stop = (): void => bar.stop()
  start()
  // Also when the process ends early (`| head`): a terminal must not be left with half a bar.
  process.once('exit', stop)
  return {
    update(bytes, lines) {
      shown = state(bytes, lines)
      bar.update(bytes, shown)
    },
    interrupt(write) {
      stop()
      write()
      start()
    },
    stop() {
      process.off('exit', stop)
      stop()
    },
  }
}

export interface ProgressState {
  bytes: number
  lines: number
  total: number | null
  seconds: number
}

/** One line of at most 79 characters, so that it does not wrap on a narrow terminal. */
export function progressText({ bytes, lines, total, seconds }: ProgressState): string {
  const speed = seconds > 0 ? `${Math.round(lines / seconds).toLocaleString('en-US')} lines/s` : ''
  if (total === null) return `${bytesText(bytes)} read, ${speed}`
  const share = total > 0 ? Math.min(1, bytes / total) : 1
  const filled = Math.round(share * BAR_CELLS)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled)
  const left = share > 0 && seconds >= 1 ? `, ${durationText((seconds * (1 - share)) / share)} left` : ''
  return `${bar} ${Math.floor(share * 100)} % of ${bytesText(total)}, ${speed}${left}`
}
