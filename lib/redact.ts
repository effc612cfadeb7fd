/**
 * Hides secrets in a text before it is shown: the password of a URL (also one that holds unescaped characters), and
 * values named password, secret, token or signature in URLs, JSON and key=value lists.
 */
export function redact(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s"'`]*@/gi, '$1:***@')
    .replace(
      /("?(?:password|passwd|pwd|pgpassword|secret_?string|token|signature)"?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&)}"']+)/gi,
      '$1***',
    );
}
