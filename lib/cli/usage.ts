import { CommanderError } from 'commander';
import { EXIT } from './exit-status.ts';

/** Marks wrong usage that commander does not detect. */
export const OWN_USAGE = 'pgtide.usage';

export function usage(message: string): CommanderError {
  return new CommanderError(EXIT.usage, OWN_USAGE, message);
}
