import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['under-vitest.ts'] } })
