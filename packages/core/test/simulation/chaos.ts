import type { Role, World } from './world.js'

/** Outages, clocks that jump, hosts that die or are restarted: by the world's own time, until it is healed. */
export class Chaos {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    const { swarm } = this.#world.net
    if (swarm.outages) this.#loop(5000, 25_000, () => this.#outage())
    if (swarm.clockSteps) this.#loop(3000, 20_000, () => this.#stepClock())
    if (swarm.crashes) this.#loop(5000, 25_000, () => this.#crash())
    if (swarm.restarts) this.#loop(5000, 30_000, () => this.#restart())
  }

  #loop(least: number, most: number, act: () => void): void {
    const { dice, time } = this.#world
    time.after(dice.between(least, most), () => {
      if (this.#world.isHealed) return
      act()
      this.#loop(least, most, act)
    })
  }

  #outage(): void {
    const { dice, net, time } = this.#world
    net.isAway = true
    this.#world.trace('world', 'the store is away')
    this.#world.ledger.count('outage')
    time.after(dice.between(200, 8000), () => {
      net.isAway = false
      this.#world.trace('world', 'the store is back')
    })
  }

  #stepClock(): void {
    const { dice } = this.#world
    const byMs = dice.between(-4000, 3000)
    this.#world.wallOffsetMs += byMs
    this.#world.trace('world', `the clock jumps by ${byMs} ms`)
    if (byMs < 0) this.#world.ledger.count('clock back')
  }

  #crash(): void {
    const host = this.#anyWorking()
    if (!host) return
    this.#world.ledger.count('abandoned')
    host.crash()
  }

  #restart(): void {
    const host = this.#anyWorking()
    if (!host) return
    this.#world.ledger.count('restart')
    this.#world.start(() => this.#world.close(host, this.#world.dice.pick([0, 500, 3000])))
  }

  /** A worker or a puller; somebody starts another one a while later. */
  #anyWorking() {
    const { dice, hosts, time } = this.#world
    const there = [...hosts].filter((host) => !host.isGone && /^[wp]/.test(host.name))
    if (there.length === 0) return undefined
    const host = dice.pick(there)
    const role: Role = host.name.startsWith('w') ? 'worker' : 'puller'
    time.after(dice.between(0, 4000), () => void (this.#world.isHealed || this.#world.host(role)))
    return host
  }
}
