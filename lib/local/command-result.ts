/** The result of a command. Only a verdict that holds ends with exit status 0. */
export type CommandResult =
  | { holds: true }
  | { holds: false; why: string; remedy?: string | undefined }
  | { interrupted: true };

export const holds: CommandResult = { holds: true };
export const interrupted: CommandResult = { interrupted: true };

export function fails(why: string, remedy?: string): CommandResult {
  return { holds: false, why, remedy };
}
