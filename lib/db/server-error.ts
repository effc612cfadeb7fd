/**
 * Descriptions of errors that a server or the driver reported.
 *
 * Invariant: what this module returns contains no value of a row, and no text of an SQL statement's literals. A
 * server puts values into every text that it writes (message, detail, hint, context, internal query), in the language
 * of lc_messages. A function of a user may raise anything, under any SQLSTATE, with any table or constraint named. So
 * a text is not searched for values: it is omitted, with these exceptions:
 *  - Texts that functions of our own schemas raised. They are identified by the routine that raises for PL/pgSQL and
 *    by the function that the context begins with. Neither depends on the language, and a function of a user can
 *    choose neither.
 *  - Errors of a few C routines, whose texts hold only the names of existing objects (see `harmless`), a size
 *    (isTooLarge), or nothing (isConcurrentUpdate).
 *  - Errors of the connection's start, when there are no rows yet, and errors that a pooler reports about itself.
 *
 * A message consists of the SQLSTATE and the names that the server sends in separate fields. If the server does not
 * know a name, the message also has that name, as it is in the statement that we sent. Callers add the event's id if
 * they know it.
 */
import { conditionOf } from './conditions.ts';

/** A server's error, as the driver represents it. */
export interface ServerError extends Error {
  code: string;
  severity: string;
  detail?: string | undefined;
  hint?: string | undefined;
  where?: string | undefined;
  schema?: string | undefined;
  table?: string | undefined;
  column?: string | undefined;
  dataType?: string | undefined;
  constraint?: string | undefined;
  position?: string | undefined;
  internalQuery?: string | undefined;
  file?: string | undefined;
  routine?: string | undefined;
}

export interface Circumstances {
  /** The statement as it was sent. */
  statement?: string | undefined;
  /** True if the error came before the first statement. */
  connecting?: boolean | undefined;
}

export interface Description {
  message: string;
  /** The message without its detail. */
  primary?: string | undefined;
  /** Only for errors of our own functions. */
  hint?: string | undefined;
}

/** The cause that is kept of such an error: it can be printed whole. */
export class Condition extends Error {
  declare readonly code?: string;
  declare readonly schema?: string;
  declare readonly table?: string;
  declare readonly column?: string;
  declare readonly dataType?: string;
  declare readonly constraint?: string;
}

const ourSchemas = 'pgtide|pgq|pgq_node|pgq_coop|pgq_ext|londiste';
/** The routine of PL/pgSQL's RAISE. */
const RAISE = 'exec_stmt_raise';
/** Identifiers as the server writes them. A quoted one may hold anything, so it is matched whole. */
const NAME = '(?:"(?:[^"]|"")*"|[a-z_][a-z0-9_$]*)';
const CALLED = new RegExp(`(?<![a-z0-9_$."])(${NAME}(?:\\.${NAME})?)\\(`);

/** SQLSTATE and C routine of errors whose texts name existing objects, or nothing. */
const harmless = new Set([
  '25006:PreventCommandIfReadOnly',
  '2BP01:reportDependentObjects',
  '40P01:DeadLockReport',
  '42501:aclcheck_error',
  '42501:aclcheck_error_col',
  '42501:aclcheck_error_type',
  '42501:check_enable_rls',
  '42501:nextval_internal',
  '55P03:ProcessInterrupts',
  '57014:ProcessInterrupts',
  '57P01:ProcessInterrupts',
]);

export function isServerError(error: unknown): error is ServerError {
  const { code, severity } = (error ?? {}) as Partial<ServerError>;
  return error instanceof Error && typeof severity === 'string' && /^[0-9A-Z]{5}$/.test(String(code));
}

/** The allocator refused a value beyond the maximum size. The text is not translated, and holds only a number. */
export function isTooLarge({ code, file, message }: ServerError): boolean {
  return code === 'XX000' && file === 'mcxt.c' && /^invalid memory alloc request size \d+$/.test(message);
}

/**
 * Two sessions changed one row of a catalog at once. The text is not translated and holds no values. The error is
 * transient.
 */
export function isConcurrentUpdate({ code, file, message }: ServerError): boolean {
  return (
    code === 'XX000' &&
    /^(?:heapam|tableam)\.c$/.test(file ?? '') &&
    /^tuple concurrently (?:updated|deleted)$/.test(message)
  );
}

export function describeServerError(error: ServerError, circumstances: Circumstances = {}): Description {
  if (isOurs(error)) {
    const detail = error.detail ? ` (${error.detail})` : '';
    return { message: `${error.message}${detail}`, primary: error.message, hint: error.hint || undefined };
  }
  const { code, file, routine } = error;
  const ofProxy = file === undefined && routine === undefined && code.startsWith('08');
  const shown =
    ofProxy || harmless.has(`${code}:${routine}`) || isTooLarge(error) || isConcurrentUpdate(error);
  if (shown || (circumstances.connecting && !isRaised(error)))
    return { message: `${error.message} (${conditionOf(code)})` };
  const names = [
    ...fieldNames(error),
    ...unknownName(error, circumstances.statement),
    ...raisingFunction(error),
  ];
  return { message: [conditionOf(code), names.join(', ')].filter((part) => part !== '').join(': ') };
}

/** Returns the cause to keep in place of the driver's error, which may hold the server's texts, or a secret. */
export function asCondition(error: unknown, message: string): Condition {
  const condition = new Condition(message);
  condition.name = 'Condition';
  condition.stack = `${condition.name}: ${message}${framesOf(error)}`;
  const code = (error as { code?: unknown } | null)?.code;
  const fields: Record<string, unknown> = typeof code === 'string' ? { code } : {};
  if (isServerError(error)) {
    if (!isRaised(error))
      for (const key of ['schema', 'table', 'column', 'dataType', 'constraint'] as const)
        if (error[key] !== undefined) fields[key] = error[key];
  }
  return Object.assign(condition, fields);
}

/** Returns the server's own words, which may hold values. Use them only if they were requested. */
export function serverTextOf({
  message,
  detail,
  where,
}: Pick<ServerError, 'message' | 'detail' | 'where'>): string {
  return [message, detail, where].filter(Boolean).join('\n');
}

/**
 * Returns whether a function in a procedural language raised the error: its texts and fields may then hold anything.
 */
function isRaised({ file, routine }: ServerError): boolean {
  return routine === RAISE || /^pl/i.test(file ?? '');
}

function isOurs({ routine, where }: ServerError): boolean {
  if (routine !== RAISE) return false;
  const called = calledFunction(where);
  return called !== undefined && new RegExp(`^(?:${ourSchemas})\\.[a-z0-9_]+$`).test(called);
}

/** Returns the function that a context of RAISE begins with, in any language. */
function calledFunction(where: string | undefined): string | undefined {
  return CALLED.exec(where ?? '')?.[1];
}

function raisingFunction({ routine, where }: ServerError): string[] {
  const called = routine === RAISE ? calledFunction(where) : undefined;
  return called === undefined ? [] : [`function ${called}`];
}

function fieldNames(error: ServerError): string[] {
  if (isRaised(error)) return [];
  const { schema, table, column, dataType, constraint } = error;
  const named: [string, string | undefined][] = [
    ['table', table && (schema ? `${schema}.${table}` : table)],
    ['column', column ?? copiedColumn(error)],
    ['type', dataType && (schema ? `${schema}.${dataType}` : dataType)],
    ['constraint', constraint],
  ];
  return named.flatMap(([what, name]) => (name ? [`${what} ${name}`] : []));
}

/** COPY names the column in its context, before the value. Works only if the server's messages are in English. */
function copiedColumn({ where }: ServerError): string | undefined {
  return /^COPY [^,"\n]+, line \d+, column ([^:,"\n]+)(?=[:\n]|$)/.exec(where ?? '')?.[1];
}

const unknownNames = new Set(['3F000', '42P01', '42P02', '42702', '42703', '42704', '42883']);
const LITERALS = /'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|\$\w*\$[\s\S]*/g;

/**
 * Returns the name in our statement at which the server points. If it does not point, returns the name that it
 * quotes, if our statement has that name. A literal is not a name, and is not shown.
 */
function unknownName(error: ServerError, statement = ''): string[] {
  const { code, position, internalQuery, where, message } = error;
  if (!unknownNames.has(code) || internalQuery !== undefined || isRaised(error)) return [];
  if (position === undefined) {
    const known = where === undefined ? statement.replaceAll(LITERALS, "''") : '';
    const [, name] = /"([^"]{1,63})"/.exec(message) ?? [];
    return name !== undefined && known.split(/[^\w$.]+/).includes(name) ? [name] : [];
  }
  // The server counts characters, not UTF-16 units.
  const rest = [...statement].slice(Number(position) - 1, Number(position) + 200).join('');
  const name = /^(?:"(?:[^"]|"")*"|[a-z_]\w*)(?:\.(?:"(?:[^"]|"")*"|[a-z_]\w*)){0,2}/i.exec(rest)?.[0];
  return name === undefined ? [] : [name];
}

function framesOf(error: unknown): string {
  if (!(error instanceof Error) || !error.stack) return '';
  const at = error.stack.indexOf(error.message);
  return at < 0
    ? ''
    : (/(?:\n {4}at [^\n]*)+$/.exec(error.stack.slice(at + error.message.length))?.[0] ?? '');
}
