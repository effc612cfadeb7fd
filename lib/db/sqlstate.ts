import { type ErrorKind, PgtideError } from '../errors.ts';

/** SQLSTATEs of pgtide's own SQL functions (class `TD`), see sql/README.md. */
const ownStates: Record<string, ErrorKind> = {
  TD001: 'input',
  TD002: 'not-found',
  TD003: 'state',
  TD004: 'schema',
  TD005: 'lost-position',
  TD006: 'fenced',
  TD007: 'apply',
  TD008: 'busy',
  TD009: 'privilege',
};

const kindOfState: Record<string, ErrorKind> = {
  '28000': 'authentication',
  '28P01': 'authentication',
  '42501': 'privilege',
  '3D000': 'not-found',
  '42P01': 'not-found',
  '42883': 'not-found',
  '42704': 'not-found',
  '3F000': 'not-found',
  '57P01': 'connection',
  '57P02': 'connection',
  '57P03': 'connection',
  '25P03': 'connection',
  '53300': 'connection',
  '55P03': 'busy',
  '57014': 'busy',
  '40001': 'busy',
  '40P01': 'busy',
  '53100': 'busy',
  '53200': 'busy',
  '53400': 'busy',
};

const kindOfClass: Record<string, ErrorKind> = {
  '08': 'connection',
  '22': 'apply',
  '23': 'apply',
  '28': 'authentication',
  '53': 'busy',
};

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
]);

/** What the driver says where the server asks for a password, and neither the node nor the environment has one. */
const NO_PASSWORD = /client password must be a (?:non-empty )?string/;
/** The same of a server without TLS, which a node wants unless it is told otherwise. */
const NO_TLS = /server does not support SSL/;

interface ServerError {
  code?: string;
  detail?: string;
  hint?: string;
  message: string;
}

const noTlsRemedy =
  'set ssl = on at the server; or, in a network that you trust, tls: { mode: disable } in the node';

/** The kind of a driver's or server's error. The only place that looks at SQLSTATEs. */
function kindOf(error: ServerError): ErrorKind {
  const code = error.code ?? '';
  const known = ownStates[code] ?? kindOfState[code] ?? kindOfClass[code.slice(0, 2)];
  if (known) return known;
  if (networkCodes.has(code)) return 'connection';
  if (/Connection terminated|timeout expired|SSL|certificate|Client has encountered/i.test(error.message))
    return 'connection';
  return 'internal';
}

/** Turns whatever the driver threw into a PgtideError that says where (`node`) and what to do. */
export function asPgtideError(error: unknown, node: string): PgtideError {
  if (error instanceof PgtideError) return error;
  const server = (error instanceof AggregateError ? error.errors[0] : error) as ServerError;
  if (NO_PASSWORD.test(server?.message))
    return new PgtideError('authentication', `${node}: the server asks for a password, and there is none`, {
      remedy: 'put it into the url (percent-encoded), or use a secret, env:NAME as the url, or PGPASSWORD',
      cause: error,
    });
  const message = server?.message || server?.code || String(error);
  const detail = server?.detail ? ` (${server.detail})` : '';
  return new PgtideError(kindOf(server), `${node}: ${message}${detail}`, {
    remedy: server?.hint ?? (NO_TLS.test(message) ? noTlsRemedy : undefined),
    cause: error,
  });
}

/** True when a table's reason (pgtide.table_failure) is a constraint over several rows: unique, exclusion, foreign key. */
export function breaksRowsTogether(reason: string): boolean {
  return /\(SQLSTATE (23505|23P01|23503)\)$/.test(reason);
}

/** True when the server said this SQLSTATE. */
export function hasState(error: unknown, state: string): boolean {
  return stateOf(error) === state;
}

function stateOf(error: unknown): string | undefined {
  const cause = error instanceof PgtideError ? error.cause : error;
  return (cause as ServerError | undefined)?.code;
}

/** True when a statement took too long, or needed more memory than there is, or than a value may have: with fewer rows it may not. */
export function isTooMuchAtOnce(error: unknown): boolean {
  const state = stateOf(error) ?? '';
  if (/^(57014|53200|54)/.test(state)) return true;
  return (
    state === 'XX000' && error instanceof Error && error.message.includes('invalid memory alloc request size')
  );
}

/** True when the server could not read a value: it is not in the form of its type, or beyond a limit. */
export function isUnreadableValue(error: unknown): boolean {
  return /^(22|54)/.test(stateOf(error) ?? '');
}
