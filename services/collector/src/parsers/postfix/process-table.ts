import type { Service } from './host.ts'

/** What is known of each process, by the service that it works for and its pid: a pid is used again, also by other services. */
export class ProcessTable<P> {
  readonly #byService = new Map<Service, Map<number, P>>()
  readonly #create: () => P
  #lastService: Service | null = null
  #last: Map<number, P> | undefined

  constructor(create: () => P) {
    this.#create = create
  }

  find(service: Service, pid: number): P | undefined {
    return this.#processes(service)?.get(pid)
  }

  of(service: Service, pid: number): P {
    const processes = this.#processes(service) ?? this.#begin(service)
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
    this.#lastService = null
  }

  #begin(service: Service): Map<number, P> {
    const processes = new Map<number, P>()
    this.#byService.set(service, processes)
    this.#lastService = null
    return processes
  }

  /** Lines of one service come in a row. */
  #processes(service: Service): Map<number, P> | undefined {
    if (service !== this.#lastService) {
      this.#last = this.#byService.get(service)
      this.#lastService = service
    }
    return this.#last
  }
}
