import { fileURLToPath } from 'node:url'
import { typeFacts } from '../../../vitest.types.js'

typeFacts(fileURLToPath(new URL('../', import.meta.url)))
