/** The schemas that pgtide and the extensions that it replaces make; no table of theirs is replicated. */
export const ownSchemas = ['pgq', 'pgq_node', 'pgq_ext', 'pgq_coop', 'londiste', 'pgtide'];
