import { PgtideError } from '../errors.ts';

/**
 * The result of every function of pgq_node and londiste. A code below 300 means success, a code below 400 a warning, any other code a
 * refusal.
 */
export interface ReturnCode {
  code: number;
  note: string;
}

/** Its columns, for the select list. */
export const returnCodeColumns = 'ret_code as code, ret_note as note';

/** Throws an error if the server refused; otherwise returns the code, for callers that interpret it. */
export function accept(node: string, returned: ReturnCode | undefined): ReturnCode {
  if (!returned) throw new PgtideError('internal', `${node}: the function returned nothing`);
  if (returned.code >= 400)
    throw new PgtideError(returned.code === 404 ? 'not-found' : 'state', `${node}: ${returned.note}`);
  return returned;
}
