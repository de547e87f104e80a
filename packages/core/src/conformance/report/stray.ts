/** An error that came up outside every call: a timer or a socket of the store threw, and nobody could hear it. Such an error ends a process. */
export interface Stray {
  /** The name of the case that ran; null: none did. */
  readonly during: string | null
  /** With its stack. */
  readonly message: string
}

export const strayText = ({ during, message }: Stray): string =>
  `An error that nobody could catch came up outside every call of the store${during === null ? '' : `, while this ran: ${during}`}. It ends a process: FAULT-4 forbids it.\n${message.replace(/^/gm, '  ')}`
