import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    store: 'src/kit-door.ts',
    testing: 'src/testing/index.ts',
    conformance: 'src/conformance/index.ts',
    // No door: the program `stint-conformance`.
    'conformance-cli': 'src/conformance/cli/main.ts',
    // No door: the program of the processes that the suite starts, found beside the suite's own file (processes/other-process.ts).
    'conformance-process': 'src/conformance/processes/program.ts',
  },
  format: ['esm', 'cjs'],
  target: 'node22',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  // The doors share modules that hold state (the id sequence, the tracing channels), so both formats are split: one copy per format.
  splitting: true,
  // Only CommonJS, which has no such thing, may not even read it (processes/other-process.ts).
  esbuildOptions(options, { format }) {
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': '""' }
  },
  silent: true,
})
