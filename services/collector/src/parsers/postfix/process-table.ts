import type { Service } from './host.ts'

/** What is known of each process, by the service that it works for and its pid: a pid is used again, also by other services. */
export class ProcessTable<P> {
  readonly #byService = new Map<Service, Map<number, P>>()
  readonly #create: () => P

  constructor(create: () => P) {
    this.#create = create
  }

  find(service: Service, pid: number): P | undefined {
    return this.#byService.get(service)?.get(pid)
  }

  of(service: Service, pid: number): P {
    let processes = this.#byService.get(service)
    if (processes === undefined) {
      processes = new Map()
      this.#byService.set(service, processes)
    }
    let process = processes.get(pid)
    if (process === undefined) {
      process = this.#create()
      processes.set(pid, process)
    }
    return process
  }

  /** Forgets the processes of a service that are at rest. */
  sweep(service: Service, atRest: (process: P) => boolean): void {
    const processes = this.#byService.get(service)
    if (processes === undefined) return
    for (const [pid, process] of processes) if (atRest(process)) processes.delete(pid)
  }

  forget(service: Service): void {
    this.#byService.delete(service)
  }
}
