import { PgtideError } from '../errors.ts';

/**
 * The result of every function of pgq_node and londiste. A code below 300 means success, a code below 400 a warning, any other code a
 * refusal.
 */
export interface Verdict {
  code: number;
  note: string;
}

/** The columns of a verdict, for the select list. */
export const verdictColumns = 'ret_code as code, ret_note as note';

/** Throws an error if the server refused; otherwise returns the verdict, for callers that interpret the code. */
export function accept(node: string, verdict: Verdict | undefined): Verdict {
  if (!verdict) throw new PgtideError('internal', `${node}: the function returned nothing`);
  if (verdict.code >= 400)
    throw new PgtideError(verdict.code === 404 ? 'not-found' : 'state', `${node}: ${verdict.note}`);
  return verdict;
}
