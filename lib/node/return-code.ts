import { PgtideError } from '../errors.ts';

/** The answer of every function of pgq_node and londiste: below 300 fine, below 400 a warning, else refused. */
export interface Verdict {
  code: number;
  note: string;
}

/** The columns of a verdict, for the select list. */
export const verdictColumns = 'ret_code as code, ret_note as note';

/** Throws what the server refused; returns the verdict otherwise, for the codes that mean something to the caller. */
export function accept(node: string, verdict: Verdict | undefined): Verdict {
  if (!verdict) throw new PgtideError('internal', `${node}: the function returned nothing`);
  if (verdict.code >= 400)
    throw new PgtideError(verdict.code === 404 ? 'not-found' : 'state', `${node}: ${verdict.note}`);
  return verdict;
}
