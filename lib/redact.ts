/**
 * Hides secrets in a text before it is shown. Our own messages are built without secrets (lib/db/server-error.ts,
 * lib/secrets). This module is for other texts: those of a handler, of an SDK, or a setting in a wrong place.
 *
 * Each form that carries a secret is searched for in the original text, and the union of the matches is hidden: a
 * form inside another, or a password that looks like a form, cannot uncover a part. If the end of a secret is not
 * clear, more is hidden. Each expression reads a text in one pass, because a text may have any length.
 */
type Range = [from: number, to: number];

/**
 * A word that names a secret. The number of letters after it is limited, so that no text is read again from each
 * place.
 */
const KEY =
  '(?:pass(?:word|wd|phrase)|pwd|secret|token|signature|api_?key|private_?key|access_?key)(?![a-z]{0,60}(?:exception|error))[\\w-]{0,40}';
const SINGLE = "'(?:[^'\\\\]|\\\\[^]|'')*(?:'|$)";
const DOUBLE = '"(?:[^"\\\\]|\\\\[^]|"")*(?:"|$)';
const DOLLAR = '\\$\\w{0,63}\\$';

/**
 * `"password": "x"` in JSON: the value ends with its string. For JSON within a JSON string, the rest of the line is
 * hidden.
 */
const JSON_MEMBER = new RegExp(
  `(${KEY}\\\\{0,3}"\\s{0,9}:\\s{0,9})("(?:[^"\\\\]|\\\\[^])*(?:"|$)|\\\\{1,3}"[^\\n]*|[^,}\\]]+)`,
  'gdi',
);
/**
 * `password=x`, `password = 'x y'`, `secret => x`, `password: x`, `token:x`, but not `secret:x`, which ARNs have. In
 * a string within a string, the quotes are doubled or escaped, and the rest of the line is hidden.
 */
const ASSIGNED = new RegExp(
  `((?:${KEY}(?:["']?\\s{0,9}=>?|'?\\s{0,9}:(?=\\s))|(?:pass(?:word|wd|phrase)|pwd|token|signature):)\\s{0,9})` +
    `((?:''|\\\\{1,9}['"])[^\\n]+|(?:${SINGLE}|${DOUBLE})?(?:\\\\[^]|\\S)*)`,
  'gdi',
);
/** `PASSWORD 'x'`, `OPTIONS (password 'x')`, `PASSWORD E'x'`, `PASSWORD $tag$x$tag$`. */
const SQL = new RegExp(`(${KEY}"?\\s{1,9})((?:[EBN]|U&)?${SINGLE}\\S*|(?:[EBN]|U&)?${DOUBLE}\\S*)`, 'gdi');
const SQL_DOLLAR = new RegExp(`${KEY}"?\\s{1,9}(${DOLLAR})`, 'gi');
/** `host:port:database:user:password` */
const PGPASS = /(?<![^\s"'`(])((?:[\w.*-]|\\:){1,255}:(?:\d{1,5}|\*):[^:\s]{1,255}:[^:\s]{1,255}:)([^\n]+)/dg;
const URL_USER = /:\/\/[^:/?#@\s]{0,255}:/g;

/** Returns the range of the second group of each match. */
function valuesOf(expression: RegExp, text: string): Range[] {
  return [...text.matchAll(expression)].flatMap((match) => {
    const range = match.indices?.[2];
    return range && range[0] < range[1] ? [range] : [];
  });
}

/**
 * Returns the ranges of passwords in URLs, up to the last @ of the line: a password may hold anything, also an @ or a
 * space.
 */
function urlPasswords(text: string): Range[] {
  const found: Range[] = [];
  let done = 0;
  for (const match of text.matchAll(URL_USER)) {
    const from = match.index + match[0].length;
    if (from < done) continue;
    const newline = text.indexOf('\n', from);
    done = newline < 0 ? text.length : newline;
    const to = text.lastIndexOf('@', done - 1);
    if (to >= from) found.push([from, to]);
  }
  return found;
}

/** Returns the ranges of passwords in dollar quotes. If the closing tag is missing, all that follows is hidden. */
function dollarQuoted(text: string): Range[] {
  const found: Range[] = [];
  let done = 0;
  for (const match of text.matchAll(SQL_DOLLAR)) {
    const tag = match[1] ?? '';
    const from = match.index + match[0].length;
    if (match.index < done) continue;
    const to = text.indexOf(tag, from);
    done = to < 0 ? text.length : to;
    found.push([from, done]);
  }
  return found;
}

export function redact(text: string): string {
  const ranges = [
    ...[JSON_MEMBER, ASSIGNED, SQL, PGPASS].flatMap((expression) => valuesOf(expression, text)),
    ...urlPasswords(text),
    ...dollarQuoted(text),
  ].sort(([a], [b]) => a - b);
  const parts: string[] = [];
  let shown = 0;
  for (const [from, to] of ranges) {
    if (from >= shown && (from > shown || parts.length === 0)) parts.push(text.slice(shown, from), '***');
    shown = Math.max(shown, to);
  }
  return [...parts, text.slice(shown)].join('');
}

/** Most characters that are shown of a message: a line of a function's log may have 256 KB. */
const MAX_SHOWN = 8_000;

/** Returns a message without secrets, and without its middle if it is very long. */
export function shownMessage(message: string): string {
  const text = redact(message);
  if (text.length <= MAX_SHOWN) return text;
  const half = MAX_SHOWN / 2;
  return `${text.slice(0, half)}… (${text.length - MAX_SHOWN} characters are left out) …${text.slice(-half)}`;
}
