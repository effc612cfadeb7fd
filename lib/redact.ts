/**
 * Hides secrets in a text before it is shown: the password of a URL (also one that holds unescaped characters), and
 * values named password, secret, token or signature in URLs, JSON and key=value lists. A text may hold a value of a row, of any
 * length, so each expression reads it in one pass.
 */
export function redact(text: string): string {
  return text
    .replace(/[^\s"'`]+/g, withoutUrlPassword)
    .replace(
      /("?(?:password|passwd|pwd|pgpassword|secret_?string|token|signature)"?\s{0,9}[=:]\s{0,9})("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&)}"']+)/gi,
      '$1***',
    );
}

/** Of a word with a URL in it. The password ends at the last @, for it may hold one. */
function withoutUrlPassword(word: string): string {
  const end = word.lastIndexOf('@');
  const user = end < 0 ? null : /[a-z0-9]:\/\/[^:/?#@]*:/i.exec(word);
  if (!user || end < user.index + user[0].length) return word;
  return `${word.slice(0, user.index + user[0].length)}***${word.slice(end)}`;
}

/** What is shown of a message at most: a line of a function's log may have 256 KB. */
const MOST_SHOWN = 8_000;

/** A message without secrets, and without its middle where it is very long. */
export function shownMessage(message: string): string {
  const text = redact(message);
  if (text.length <= MOST_SHOWN) return text;
  const half = MOST_SHOWN / 2;
  return `${text.slice(0, half)}… (${text.length - MOST_SHOWN} characters are left out) …${text.slice(-half)}`;
}
