/** What a look at one part found. */
export interface Finding {
  part: string
  state: 'ok' | 'warning' | 'fault'
  says: string
  /** What to do; empty where nothing is. */
  remedy: string
}

export const ok = (part: string, says: string): Finding => ({ part, state: 'ok', says, remedy: '' })
export const warning = (part: string, says: string, remedy: string): Finding => ({
  part,
  state: 'warning',
  says,
  remedy,
})
export const fault = (part: string, says: string, remedy: string): Finding => ({ part, state: 'fault', says, remedy })
