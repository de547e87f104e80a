import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { main: 'src/main.ts', worker: 'src/worker.ts', conformance: 'src/conformance.ts' },
  format: ['esm'],
  target: 'node22',
  tsconfig: 'tsconfig.build.json',
  clean: true,
  silent: true,
})
