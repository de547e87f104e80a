import { seamOf } from '../../seam.js'
import type { ConformanceOptions } from '../options.js'

/** Histories of the model, where the options do not say. */
export const RUNS = 300

/** One seed for both properties of a suite: the one that is given, else drawn. */
export const seeded = (options: ConformanceOptions): ConformanceOptions & { readonly seed: number } => ({
  ...options,
  seed: options.seed ?? Math.floor(seamOf(null).random() * 2 ** 31),
})
