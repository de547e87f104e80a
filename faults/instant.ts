/** A clock that all processes of this machine share and that no shifted `Date` reaches: milliseconds since it was started. */
export const instant = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

/** The plan of a run is made of gaps of real time: faults have to fall while load runs. */
export const gap = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
