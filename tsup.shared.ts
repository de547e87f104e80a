import type { Options } from 'tsup'

/** How each package is built: both formats, their types, and one copy per format of what its doors share. */
export const built = (entry: Readonly<Record<string, string>>, metaUrlInCommonJs: string): Options => ({
  entry: { ...entry },
  format: ['esm', 'cjs'],
  target: 'node22',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  // Doors share modules that hold state, so both formats are split.
  splitting: true,
  // Not tsup's own shim: of two doors it stands in the chunk that they share, and the door of the suite has to say where it is itself.
  esbuildOptions(options, { format }) {
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': metaUrlInCommonJs }
  },
  silent: true,
})

/** A store has two doors, and perhaps some of its own. */
export const builtStore = (doors: Readonly<Record<string, string>> = {}): Options =>
  built({ index: 'src/index.ts', conformance: 'src/conformance/index.ts', ...doors }, 'undefined')
