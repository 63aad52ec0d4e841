/** What the process says to the shell; `concordat --help` documents them. */
export const ExitCode = {
  Ok: 0,
  /** The work failed, or the audit found a disagreement. */
  Failure: 1,
  /** Something the caller gave cannot be used; nothing was written. */
  BadInput: 2,
  /** Nothing disagrees, but the audit could not recompute everything; or runs of an experiment diverged. */
  Incomplete: 3,
  /** Ctrl-C, SIGTERM or SIGHUP. */
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
