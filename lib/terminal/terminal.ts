/** The output of a command: results go to `out`, everything for the person who waits goes to `err`. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** True if a person watches, so that bars may be drawn over each other. */
  readonly interactive: boolean;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  interactive: process.stderr.isTTY === true,
};
