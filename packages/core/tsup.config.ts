import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    store: 'src/kit-door.ts',
    testing: 'src/testing/index.ts',
    conformance: 'src/conformance/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'node22',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  // The doors share modules that hold state (the id sequence, the tracing channels), so both formats are split: one copy per format.
  splitting: true,
  silent: true,
})
