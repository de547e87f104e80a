import type { Problem, SourceFile } from './files.ts'

const MAX_LINES = 400
const MAX_FUNCTION_LINES = 70

const isSource = ({ path }: SourceFile): boolean =>
  /^(packages|examples|scripts|docs)\//.test(path) && /\.[mc]?ts$/.test(path)

export function fileSizes(files: readonly SourceFile[]): Problem[] {
  return files.filter(isSource).flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    return lines <= MAX_LINES
      ? []
      : [
          {
            at: path,
            message: `has ${lines} lines (more than ${MAX_LINES}): is there a second idea inside?`,
            isOnlyWarning: true,
          },
        ]
  })
}

/** By indentation, which the formatter guarantees: from the line that opens a function to the line that closes it at the same depth. */
export function functionSizes(files: readonly SourceFile[]): Problem[] {
  const opens =
    /^(\s*)(?:export )?(?:async )?(?:function\b.*|(?:(?:public|private|protected|static|override|async|get|set|readonly) )*#?[\w$]+\s*\(.*\).*|(?:const|let) \w+ = .*=>) \{$/
  return files
    .filter((file) => isSource(file) && !file.path.includes('/test/'))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, start) => {
        const indent = opens.exec(line)?.[1]
        if (indent === undefined || /^\s*(if|for|while|switch|catch)\b/.test(line)) return []
        const length = lines.slice(start).findIndex((after) => after.startsWith(`${indent}}`)) + 1
        return length <= MAX_FUNCTION_LINES
          ? []
          : [
              {
                at: `${path}:${start + 1}`,
                message: `is a function of ${length} lines (more than ${MAX_FUNCTION_LINES}): is there a second idea inside?`,
                isOnlyWarning: true,
              },
            ]
      })
    })
}
