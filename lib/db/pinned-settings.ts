/**
 * The settings under which values are read and written as text. Both sides of every copy and replay use them, so that
 * a value's text means the same on both servers, whatever the roles, databases and servers have set. `row_security =
 * off` turns rows hidden by a policy into an error: a copy that silently lacks them would be worse.
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

/**
 * Settings that not every version has. JIT compilation takes longer than it saves: most statements are short, and no
 * plan is used twice. A transaction lasts as long as its unit allows, whatever the owner of the role has set.
 */
const newerSettings = `select set_config(name, value, true) from (values ('jit', 'off'), ('transaction_timeout', '0')) s (name, value)
  where current_setting(name, true) is not null`;

export const pinSession = [
  ...Object.entries(pinnedSettings).map(([name, value]) => `set local ${name} = '${value}'`),
  newerSettings,
].join('; ');
