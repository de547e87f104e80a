import { defineConfig } from 'tsup'
import { built } from '../../tsup.shared.js'

const entry = {
  index: 'src/index.ts',
  store: 'src/kit-door.ts',
  testing: 'src/testing/index.ts',
  conformance: 'src/conformance/index.ts',
  // No door: the program `stint-conformance`.
  'conformance-cli': 'src/conformance/cli/main.ts',
  // No door: the program of the processes that the suite starts, found beside the suite's own file (processes/other-process.ts).
  'conformance-process': 'src/conformance/processes/program.ts',
}
// CommonJS has no `import.meta`, and may not even read it (processes/other-process.ts).
export default defineConfig(built(entry, '""'))
