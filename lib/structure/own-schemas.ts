/** The schemas of pgtide and of the extensions that it replaces. Their tables are not replicated. */
export const ownSchemas = ['pgq', 'pgq_node', 'pgq_ext', 'pgq_coop', 'londiste', 'pgtide'];
