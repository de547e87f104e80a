import { sqliteStore } from '@stint/store-sqlite'
import { holdsToAbilityTable } from '../../../scripts/store-tests/ability-table.js'

holdsToAbilityTable('SQLite', () => sqliteStore({ path: 'never-opened.db' }).capabilities)
