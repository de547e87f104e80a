import { postgresStore } from '@stint/store-postgres'
import { holdsToAbilityTable } from '../../../scripts/store-tests/ability-table.js'

holdsToAbilityTable('Postgres', () => postgresStore({ url: 'postgres://nobody.invalid/db' }).capabilities)
