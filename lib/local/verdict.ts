/** The result of a command. Only a verdict that holds ends with exit status 0. */
export type Verdict =
  | { holds: true }
  | { holds: false; why: string; remedy?: string | undefined }
  | { interrupted: true };

export const holds: Verdict = { holds: true };
export const interrupted: Verdict = { interrupted: true };

export function fails(why: string, remedy?: string): Verdict {
  return { holds: false, why, remedy };
}
