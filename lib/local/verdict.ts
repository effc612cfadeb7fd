/** Whether what was asked for holds. The command line's exit status 0 says that it does, and nothing else. */
export type Verdict =
  | { holds: true }
  | { holds: false; why: string; remedy?: string | undefined }
  | { interrupted: true };

export const holds: Verdict = { holds: true };
export const interrupted: Verdict = { interrupted: true };

export function fails(why: string, remedy?: string): Verdict {
  return { holds: false, why, remedy };
}
