/** Quotes a name for SQL. Quotes every name, so that there is no list of keywords to maintain. */
export function quoteIdent(name: string): string {
  if (name.includes('\0')) throw new Error('an identifier cannot hold a zero byte');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text as an SQL literal, for the few places that take no parameter (SET, COPY, DDL). */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/** `schema.name`, both quoted. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}
