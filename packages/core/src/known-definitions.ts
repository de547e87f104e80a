import { type AnyJobDefinition, saysOnlyItsType, saysTheSame } from './define.js'

/** The definitions that a queue knows by their type: those it was given, and those it met in `enqueue` and `work`. */
export class KnownDefinitions {
  readonly #byType = new Map<string, AnyJobDefinition>()

  constructor(given: readonly AnyJobDefinition[] = []) {
    for (const definition of given) this.meet(definition)
  }

  /** Answers the definition to go by. A bare name borrows schema and policy from the one that is known. */
  meet(definition: AnyJobDefinition): AnyJobDefinition {
    const known = this.#byType.get(definition.type)
    if (known === definition) return known
    if (known === undefined || saysOnlyItsType(known)) {
      this.#byType.set(definition.type, definition)
      return definition
    }
    if (saysOnlyItsType(definition) || saysTheSame(known, definition)) return known
    throw new TypeError(
      `The job type "${definition.type}" is defined twice, with different schemas or policy. Define it once and import it; one enqueue may override policy by its options.`,
    )
  }

  get isEmpty(): boolean {
    return this.#byType.size === 0
  }

  get(type: string): AnyJobDefinition | undefined {
    return this.#byType.get(type)
  }
}
