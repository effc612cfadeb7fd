#!/usr/bin/env node
import { processTerminal } from '../terminal/terminal.ts';
import { EXIT } from './exit-status.ts';
import { runCommandLine } from './program.ts';

let resultLost = false;
// A reader that went away (`pgtide compare shop | head -1`) is not an error of ours, and proves nothing: the work
// continues, and its result decides the exit status.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || resultLost) return;
  resultLost = true;
  processTerminal.err(`error: the result cannot be written: ${error.message}`);
});
process.stderr.on('error', () => undefined);

const status = await runCommandLine(process.argv.slice(2), processTerminal);
process.exitCode = status;
// A file reports its error only after the write.
process.on('exit', () => {
  if (resultLost && status === EXIT.holds) process.exitCode = EXIT.fails;
});
