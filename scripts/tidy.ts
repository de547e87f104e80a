/** Checks of the house's rules that no linter knows. Each is a function from files to problems, and says why it is a rule. */
import { noImportAcrossPackages, sameFilesPerAdapter, storesImportCoreOnly } from './tidy/adapters.ts'
import { adrNumbers, docLinks, errorCodes } from './tidy/docs.ts'
import { type Problem, readFiles, type SourceFile } from './tidy/files.ts'
import { coreLayers } from './tidy/layers.ts'
import { bannedWords, noGrabBags, noStarExports } from './tidy/names.ts'
import { fileSizes, functionSizes } from './tidy/sizes.ts'

const RULES: Readonly<Record<string, (files: readonly SourceFile[]) => Problem[]>> = {
  coreLayers,
  storesImportCoreOnly,
  noImportAcrossPackages,
  sameFilesPerAdapter,
  noGrabBags,
  noStarExports,
  bannedWords,
  errorCodes,
  docLinks,
  adrNumbers,
  fileSizes,
  functionSizes,
}

const files = readFiles()
const found = Object.entries(RULES).flatMap(([rule, check]) => check(files).map((problem) => ({ rule, ...problem })))
for (const { rule, at, message, isOnlyWarning } of found) {
  console.log(`${isOnlyWarning ? 'warning' : 'error  '} ${at} ${message} [${rule}]`)
}
const errors = found.filter(({ isOnlyWarning }) => !isOnlyWarning).length
console.log(
  `tidy: ${files.length} files, ${Object.keys(RULES).length} rules, ${errors} errors, ${found.length - errors} warnings`,
)
if (errors > 0) process.exit(1)
