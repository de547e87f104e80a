/** Shaped like pino, winston or console. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  child?(fields: object): Logger
}

const nothing = (): void => {}

export const SILENT: Logger = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing })

/** A logger that adds `fields` to each line, by the logger's own `child` where it has one. */
export function childOf(logger: Logger, fields: object): Logger {
  if (logger === SILENT) return SILENT
  if (logger.child) return logger.child(fields)
  const with_ = (level: 'debug' | 'info' | 'warn' | 'error') => (more: object, message: string) =>
    logger[level]({ ...fields, ...more }, message)
  return { debug: with_('debug'), info: with_('info'), warn: with_('warn'), error: with_('error') }
}
