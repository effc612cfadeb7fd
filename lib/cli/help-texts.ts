/** Examples and background, shown below the generated help. */

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

/** The examples of each command, by its name. */
export const examples: Readonly<Record<string, string>> = {
  init: `
Examples:
  $ pgtide init          # every queue of the configuration
  $ pgtide init shop     # one queue; again after an upgrade, or when a leaf was added`,

  'add-table': `
Examples:
  $ pgtide add-table shop public.orders public.items     # tables that the leaf has, empty
  $ pgtide add-table shop --all --create                 # everything; make what is missing
  $ pgtide add-table shop --all --exclude 'audit.*'      # everything else
  $ pgtide add-table shop public.log --expect-sync       # restored from a backup of a quiet database
  $ pgtide add-table shop items --create --default 'items.id=gen_random_uuid()'

Rows are copied by \`pgtide run\` or by the copy function; this command does not wait for them.`,

  'remove-table': `
Examples:
  $ pgtide remove-table shop public.log 'archive.*'
  $ pgtide remove-table shop --all
  $ pgtide remove-table shop public.broken --now   # at once, also where replay cannot get past it`,

  resync: `
Examples:
  $ pgtide resync shop public.orders     # the cause of its error is gone
  $ pgtide resync shop --all             # a database was restored from a backup`,

  run: `
Examples:
  $ pgtide run                                # follow until Ctrl-C
  $ pgtide run shop --until synced            # first copy; end once every table is "ok"
  $ pgtide run shop --until idle --for 60     # before a switch: writes are stopped, catch up
  $ pgtide run --verbose 2>run.log            # one JSON line for each unit of work

Each function is called for each queue and leaf: tick, replay and copy every --every seconds, maintain
every 30. Two runs at once do no harm: one of them does each piece of work, the other one reports it.`,

  status: `
Examples:
  $ pgtide status                        # all queues
  $ pgtide status shop --json`,

  events: `
Examples:
  $ pgtide events shop
  $ pgtide events shop --node new --json     # with all that the events hold`,

  'pass-events': `
Examples:
  $ pgtide pass-events shop 4711 --node new     # forget it, or let replay go past it
  $ pgtide pass-events shop --all               # every one that \`pgtide events shop\` shows
  $ pgtide pass-events shop 4711 --undo         # replay shall not go past it after all

Events that were forgotten cannot be had back.`,

  compare: `
Examples:
  $ pgtide compare shop                            # exit status 0: every row is equal
  $ pgtide compare shop public.orders 'log.*' --json

Each side is counted as it is read. While writes go on, the two numbers of rows may differ by changes that are
on their way; differences are rows that stay different once these have arrived.`,

  queue: `
Examples:
  $ pgtide queue install                            # the SQL functions, on every node
  $ pgtide queue create mail ticker_max_lag='1 second'
  $ pgtide queue register mail sender               # reads what comes from now on
  $ pgtide queue show                               # queues, consumers, lag
  $ pgtide queue tick mail                          # what is committed can be read now
  $ pgtide queue retries mail                       # what failed and comes again
  $ pgtide queue blockers                           # exit status 0: no rotation is overdue

Events are made by pgq.insert_event(queue, type, data), and read by a consumer of your own; see docs/consumers.md.`,

  demo: `
Examples:
  $ pgtide demo
  $ pgtide demo --keep     # servers that stay until Ctrl-C, to look around with psql`,
};
