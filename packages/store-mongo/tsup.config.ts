import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts', conformance: 'src/conformance/index.ts' },
  format: ['esm', 'cjs'],
  target: 'node22',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  splitting: true,
  // Not tsup's own shim: of two doors it stands in the chunk that they share, and the door of the suite has to say where it is itself.
  esbuildOptions(options, { format }) {
    if (format === 'cjs') options.define = { ...options.define, 'import.meta.url': 'undefined' }
  },
  silent: true,
})
