import { isStintError, JobError } from '@stint/core'

/** The user has to change something before this can run: told in one line, exit code 2. */
export class CannotStart extends Error {}

/** One line for people; a Stint error's message says what to do. */
export function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return isStintError(error) ? `${error.code}: ${message}` : message
}

const REASONS: { readonly [code: string]: string } = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'a link that leads in a circle',
  ENOENT: 'it has gone',
  ENOTDIR: 'it has gone',
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''

export const hasGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))

/** Why the file system refused, in words. */
export const reasonOf = (error: unknown): string => REASONS[codeOf(error)] ?? describe(error)

/** What opening or reading a file threw, as the outcome of a job. */
export function asJobError(error: unknown): unknown {
  if (hasGone(error)) return new JobError('the file has gone', { retry: false, code: 'FILE_GONE', cause: error })
  if (codeOf(error) in REASONS) return unreadable(reasonOf(error), error)
  // Too many open files, a hiccup of a network drive: another attempt may well succeed.
  return error
}

export const unreadable = (reason: string, cause?: unknown): JobError =>
  new JobError(`the file cannot be read: ${reason}`, { retry: false, code: 'FILE_UNREADABLE', cause })
