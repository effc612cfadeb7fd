/**
 * The settings under which values are read and written as text. Both sides of every copy and replay use them, so that
 * a value's text means the same on both servers, whatever the roles, databases and servers have set.
 * `row_security = off` turns rows hidden by a policy into an error: a copy that lacks them in silence would be worse.
 */
const pinnedSettings: Record<string, string> = {
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmloption: 'content',
  array_nulls: 'on',
  row_security: 'off',
  search_path: 'pg_catalog',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
};

/** To compile a statement takes longer than it saves: most are short, and no plan is used twice. Version 10 does not know it. */
const withoutJit = `select set_config('jit', 'off', true) where current_setting('jit', true) is not null`;

export const pinSession = [
  ...Object.entries(pinnedSettings).map(([name, value]) => `set local ${name} = '${value}'`),
  withoutJit,
].join('; ');
