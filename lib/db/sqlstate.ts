import { type ErrorKind, PgtideError } from '../errors.ts';
import {
  asCondition,
  type Circumstances,
  describeServerError,
  isConcurrentUpdate,
  isServerError,
  type ServerError,
} from './server-error.ts';

/** SQLSTATEs of pgtide's own SQL functions (class `TD`), see docs/operate.md. */
export const ownStates: Record<string, ErrorKind> = {
  TD001: 'input',
  TD002: 'not-found',
  TD003: 'state',
  TD004: 'schema',
  TD005: 'lost-position',
  TD006: 'fenced',
  TD007: 'apply',
  TD008: 'busy',
  TD009: 'privilege',
  TD012: 'state',
};

/** SQLSTATE: the slice must be replayed with events in place of rows. Replay handles it, and shows the error that the events lead to. */
export const AS_EVENTS = 'TD013';

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
  '57P05': 'connection',
  '25P04': 'busy',
  '55006': 'busy',
  '53300': 'connection',
  '25006': 'state',
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
  'ENETDOWN',
  'ENETRESET',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'ECONNABORTED',
  'ENOTCONN',
  'EPROTO',
  'ENOENT',
  'EACCES',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_UNABLE_TO_PIPE',
  'ERR_STREAM_DESTROYED',
]);
/** Families of network codes: those of the resolver, and those of Node's sockets and TLS. */
const NETWORK_CODE = /^(?:EAI|ERR_SOCKET|ERR_TLS)_/;
const OTHER_NAMES = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** The driver's message if the server asks for a password, and neither the node nor the environment has one. */
const NO_PASSWORD = /client password must be a (?:non-empty )?string/;
/** The driver's message for a server without TLS, which nodes require by default. */
const NO_TLS = /server does not support SSL/;

/** States of a missing schema, table or function. */
const missingStates = new Set(['3F000', '42P01', '42883', '42704']);
/** A name of ours, as lib/db/server-error.ts writes it after the condition. */
const OUR_NAME = /^[^:]*: "?(?:pgtide|pgq|pgq_node|pgq_coop|pgq_ext|londiste)\b/;
const notInstalledRemedy =
  'pgtide init installs what is missing in that database, and brings what is there up to date';

/** The text that lib/db/server-error.ts shows (isTooLarge). */
const TOO_LARGE = /(?:^|: )invalid memory alloc request size \d+ \(XX000 internal_error\)$/;

/** Also the state that a statement gets on a standby. */
const READ_ONLY = '25006';
const NOT_SUPPORTED = '0A000';

const noTlsRemedy =
  'set ssl = on at the server; or, in a network that you trust, tls: { mode: disable } in the node';

const otherNamesRemedy =
  'name the server as its certificate does; or say tls.mode verify-ca with a CA file, which does not compare names';

const standbyRemedy = `name the server that takes writes (the primary, a cluster's writer endpoint) in the node's url or secret`;

function kindOfServer(error: ServerError): ErrorKind {
  if (isConcurrentUpdate(error)) return 'busy';
  const { code } = error;
  return ownStates[code] ?? kindOfState[code] ?? kindOfClass[code.slice(0, 2)] ?? 'internal';
}

function kindOfDriver(code: string, message: string): ErrorKind {
  if (networkCodes.has(code) || NETWORK_CODE.test(code)) return 'connection';
  return /Connection terminated|timeout expired|SSL|certificate|Client has encountered|Client was closed/i.test(
    message,
  )
    ? 'connection'
    : 'internal';
}

/**
 * Converts whatever the driver threw to a PgtideError that names the node and the remedy, and holds no value of a
 * row: see lib/db/server-error.ts.
 */
export function asPgtideError(error: unknown, node: string, circumstances: Circumstances = {}): PgtideError {
  if (error instanceof PgtideError) return error;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!isServerError(first)) return driverError(first, node);
  const { message, primary, hint } = describeServerError(first, circumstances);
  return new PgtideError(kindOfServer(first), `${node}: ${message}`, {
    remedy:
      missingStates.has(first.code) && OUR_NAME.test(message)
        ? notInstalledRemedy
        : (hint ?? (first.code === READ_ONLY ? standbyRemedy : undefined)),
    cause: asCondition(first, primary ?? message),
  });
}

/**
 * Returns the text of an error of the driver, the network or JavaScript. The text of a JavaScript error is omitted:
 * it may quote the input (`Unexpected token … in JSON`).
 */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const code = codeOf(error);
  if (code === OTHER_NAMES)
    return `the server's certificate is not for ${(error as { host?: string }).host} (${code})`;
  const plain = Object.getPrototypeOf(error) === Error.prototype;
  return (plain && error.message) || code || error.name;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Converts an error of another source to one that can be shown. */
export function asInternalError(error: unknown): PgtideError {
  const text = isServerError(error) ? describeServerError(error).message : textOf(error);
  return new PgtideError('internal', text, { cause: asCondition(error, text) });
}

function driverError(error: unknown, node: string): PgtideError {
  const text = textOf(error);
  if (NO_PASSWORD.test(text))
    return new PgtideError('authentication', `${node}: the server asks for a password, and there is none`, {
      remedy: 'put it into the url (percent-encoded), or use a secret, env:NAME as the url, or PGPASSWORD',
    });
  const code = codeOf(error);
  return new PgtideError(kindOfDriver(code, text), `${node}: ${text}`, {
    remedy: NO_TLS.test(text) ? noTlsRemedy : code === OTHER_NAMES ? otherNamesRemedy : undefined,
    cause: asCondition(error, text),
  });
}

/**
 * Converts an error of BEGIN. A server in recovery refuses a transaction that may write, with a state that means only
 * "not supported".
 */
export function asBeginError(error: unknown, node: string): unknown {
  if (!hasState(error, NOT_SUPPORTED)) return error;
  const message = `${node}: this server is a standby, which takes no writes`;
  return new PgtideError('state', message, { remedy: standbyRemedy, cause: (error as PgtideError).cause });
}

/** Constraints over several rows: foreign key, unique, exclusion. */
const togetherStates = new Set(['23503', '23505', '23P01']);

/** Returns true if rows violated a constraint that other rows are needed to satisfy. */
export function breaksRowsTogether(state: string): boolean {
  return togetherStates.has(state);
}

/** Returns true if the server reported this SQLSTATE. */
export function hasState(error: unknown, state: string): boolean {
  return stateOf(error) === state;
}

function stateOf(error: unknown): string | undefined {
  const cause = error instanceof PgtideError ? error.cause : error;
  return (cause as { code?: string } | undefined)?.code;
}

/**
 * Returns true if a statement took too long, or needed more memory than there is, or than a value may have. With
 * fewer rows it may succeed.
 */
export function isTooMuchAtOnce(error: unknown): boolean {
  const state = stateOf(error) ?? '';
  return /^(57014|53200)/.test(state) || isBeyondLimit(error);
}

/** Returns true if a value is larger than the server can hold or send, whatever time and memory there is. */
export function isBeyondLimit(error: unknown): boolean {
  const state = stateOf(error) ?? '';
  return (
    state.startsWith('54') || (state === 'XX000' && error instanceof Error && TOO_LARGE.test(error.message))
  );
}

/**
 * Returns true if a server could not send or take a row: its value is the reason, or code that a type runs (a domain's check may
 * raise anything). False for what ends by itself, or concerns the session: lost connections, conflicts, locks, timeouts, full disks.
 */
export function isUnusable(error: unknown): boolean {
  const state = stateOf(error) ?? '';
  return /^[0-9A-Z]{5}$/.test(state) && !/^(?:08|25|40|53|55|57|58)/.test(state);
}

/** Returns true if the server could not read a value: it is not in the form of its type, or is beyond a limit. */
export function isUnreadableValue(error: unknown): boolean {
  return /^(22|54)/.test(stateOf(error) ?? '');
}
