-- Functions of pgtide are for those who run it; nobody else needs them. Triggers run whoever's write fires them.
revoke all on all functions in schema pgtide from public;
