/** Examples and background that stand below the generated help. */

export const overview = `
A first replication:
  $ cat > pgtide.yml <<END
  nodes:
    old: { url: "postgres://app@10.0.0.5:5432/shop" }   # or url: "env:OLD_URL"
    new: { url: "env:NEW_URL" }
  queues:
    shop: { root: old, leaves: [new] }
  END
  $ pgtide init                            # SQL functions and nodes, in both databases
  $ pgtide add-table shop --all --create   # which tables; makes the missing ones on the leaf
  $ pgtide run --until synced              # copies rows, then follows the writes
  $ pgtide compare shop                    # exit status 0: every row is equal
  $ pgtide run                             # go on following, until Ctrl-C

\`pgtide demo\` shows all of that on this machine, and needs nothing else.

Exit status: 0 what was asked for holds; 1 it does not, and stderr says why and what to do; 2 wrong
usage; 130 interrupted. PGTIDE_DEBUG=1 adds stack traces to errors.`;

export const addTableExamples = `
Examples:
  $ pgtide add-table shop public.orders public.items     # tables that the leaf has, empty
  $ pgtide add-table shop --all --create                 # everything; make what is missing
  $ pgtide add-table shop public.log --expect-sync       # restored from a backup of a quiet database

Rows are copied by \`pgtide run\` or by the copy function; this command does not wait for them.`;

export const runExamples = `
Examples:
  $ pgtide run                                # follow until Ctrl-C
  $ pgtide run shop --until synced            # first copy; end once every table is "ok"
  $ pgtide run shop --until idle --for 60     # before a switch: writes are stopped, catch up
  $ pgtide run --verbose 2>run.log            # one JSON line for each unit of work

Each function is called for each queue and leaf: tick, replay and copy every --every seconds, maintain
every 30. Two runs at once do no harm: the lease gives each piece of work to one of them.`;
