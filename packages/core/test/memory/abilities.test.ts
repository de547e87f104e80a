import { memoryStore } from '@stint/core'
import { holdsToAbilityTable } from '../../../../scripts/store-tests/ability-table.js'

holdsToAbilityTable('memory', () => memoryStore().capabilities)
