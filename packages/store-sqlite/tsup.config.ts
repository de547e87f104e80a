import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { index: 'src/index.ts' },
  format: ['esm', 'cjs'],
  target: 'node22',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  clean: true,
  splitting: true,
  silent: true,
})
