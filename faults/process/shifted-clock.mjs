/** Loaded before a process whose clock is wrong: its `Date` is off by so many milliseconds. Spans, and the clock of the machine, stay right. */
const off = Number(process.env.FAULTS_CLOCK_OFF_MS)
const TrueDate = Date
const now = () => TrueDate.now() + off

globalThis.Date = class extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(now())
    else super(...given)
  }

  static now() {
    return now()
  }
}
