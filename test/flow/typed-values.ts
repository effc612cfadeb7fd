/** A column of a type, and its values as SQL expressions. */

export interface TypeValues {
  /** The column's name and, unless `type` says otherwise, its type. */
  name: string;
  type: string;
  /** The first version of PostgreSQL that has it. */
  since: number;
  values: string[];
}

/** A value that begins with `=` is an expression; others are text of the type. */
export const of = (type: string, values: string[], since = 10, name = type): TypeValues => ({
  name,
  type,
  since,
  values: values.map((value) => (value.startsWith('=') ? value.slice(1) : `${quote(value)}::${type}`)),
});

function quote(value: string): string {
  return value.includes('\\')
    ? ` E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${value.replaceAll("'", "''")}'`;
}
