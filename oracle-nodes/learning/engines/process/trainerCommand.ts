/** The program that trains, as the operator names it. */
export interface TrainerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The folder in which it runs; this process's by default. */
  readonly dir?: string | undefined;
  /** How long it may be silent while it works on a command. */
  readonly timeoutSeconds: number;
}
