import { defineProject } from 'vitest/config'

/** No aliases to sources here: the tests run the built program against the built packages, as a user would. */
export default defineProject({
  test: { name: 'custom-store', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
})
