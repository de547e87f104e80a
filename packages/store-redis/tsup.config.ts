import { defineConfig } from 'tsup'
import { builtStore } from '../../tsup.shared.js'

export default defineConfig(builtStore())
