/** The guards that keep replication exact, how each is broken, and the test that must notice. */
import { globSync } from 'node:fs';
import { rowTableGuards } from './row-table-guards.ts';

export interface Guard {
  name: string;
  file: string;
  /** Texts of the file, each of which occurs once, and the text that replaces each when the guard is broken. */
  breaks: [found: string, broken: string][];
  /** A test file, and a pattern of test names in it. */
  noticedBy: [file: string, names?: string];
}

const top = new URL('../../', import.meta.url);
const sql = (name: string) => globSync(`sql/*/functions/**/${name}.sql`, { cwd: top })[0] ?? name;
const judge = sql('pgtide.judge_stage');
const begin = sql('pgtide.begin_replay');
const commitChunk = sql('pgtide.commit_chunk');
const copyRace = 'test/race/copy.test.ts';

/** The choice in pgtide.announce_chunk. */
const nextChunk = `            select t.table_name, p.chunk_no, t.generation
            from (select s.table_name, s.generation from pgtide.table_state s
                  where s.queue_name = i_queue and s.phase = 'copying' and s.error is null
                  order by s.total_rows_estimate desc, s.table_name) t
            cross join lateral (
                select o.chunk_no from pgtide.copy_chunk o
                where o.queue_name = i_queue and o.table_name = t.table_name and o.state <> 'copied'
                  and (v_turn = 1 and o.state = 'pending' or v_turn = 2 and o.state = 'announced' and o.announced_at < i_stale_before)
                order by o.chunk_no limit 1
                for update skip locked) p
            limit 1`;

export const guards: Guard[] = [
  {
    name: 'snapshot filter of events',
    file: judge,
    breaks: [["c.state = 'copied' and txid_visible_in_snapshot(s.ev_txid, c.snapshot)", 'false']],
    noticedBy: ['test/faults/guards.test.ts', 'past the snapshots'],
  },
  {
    name: 'snapshot filter of parked events',
    file: judge,
    breaks: [
      ['where c.snapshot is null or not txid_visible_in_snapshot(r.ev_txid, c.snapshot)', 'where true'],
    ],
    noticedBy: [copyRace, 'is exact while rows change'],
  },
  {
    name: 'parking: events of announced chunks are skipped',
    file: judge,
    breaks: [
      ["c.chunk_no = s.chunk_no and c.state = 'announced'", 'c.chunk_no = s.chunk_no and false'],
      ["(c.state = 'pending' or", "(c.state <> 'copied' or"],
    ],
    noticedBy: [copyRace, 'is exact while rows change'],
  },
  {
    name: 'TRUNCATE starts a copy over',
    file: judge,
    breaks: [["u.phase in ('copying', 'catching-up')\n    loop", 'false\n    loop']],
    noticedBy: [copyRace, 'TRUNCATE'],
  },
  {
    name: 'events are parked while indexes are built',
    file: judge,
    breaks: [["(x.phase = 'restoring' or exists", '(false or exists']],
    noticedBy: [copyRace, 'waits for its indexes'],
  },
  {
    name: 'a table is consistent only past its chunks’ snapshots',
    file: sql('pgtide._settle_copies'),
    breaks: [['not coalesce(pgtide._snapshot_covers(i_tick_snapshot, c.snapshot), false)', 'false']],
    noticedBy: ['test/faults/guards.test.ts', 'past the snapshots'],
  },
  {
    name: 'epoch check',
    file: begin,
    breaks: [['if i_epoch < v_replay.epoch then', 'if false then']],
    noticedBy: ['test/race/replay.test.ts', 'stops its holder'],
  },
  {
    name: 'position check',
    file: begin,
    breaks: [
      [
        `elsif i_prev_tick = v_state.last_tick_id and coalesce(v_replay.slice_tick, i_tick) = i_tick
          and coalesce(v_time = i_prev_time, true)`,
        'elsif true',
      ],
    ],
    noticedBy: ['test/crash/lost-position.test.ts'],
  },
  {
    name: 'already applied',
    file: begin,
    breaks: [['elsif i_tick = v_state.last_tick_id and v_replay.slice_tick is null and', 'elsif false and']],
    noticedBy: ['test/crash/connection.test.ts', 'can lose the answer to COMMIT'],
  },
  {
    name: 'place inside a batch',
    file: begin,
    breaks: [['and coalesce(v_replay.slice_tick, i_tick) = i_tick\n', '\n']],
    noticedBy: ['test/crash/lost-position.test.ts', 'middle of a batch that the provider does not know'],
  },
  {
    name: 'time of the last tick',
    file: begin,
    breaks: [['v_time := v_replay.tick_time;', 'null;']],
    noticedBy: ['test/crash/lost-position.test.ts', 'is noticed where its next batch ends'],
  },
  {
    name: 'time of a batch in slices',
    file: begin,
    breaks: [['and coalesce(v_replay.slice_time = i_tick_time, true)', '']],
    noticedBy: ['test/crash/lost-position.test.ts', 'in slices'],
  },
  {
    name: 'a slice begins where the last one ended',
    file: begin,
    breaks: [['after_ev_id := coalesce(v_replay.slice_ev_id, 0);', 'after_ev_id := 0;']],
    noticedBy: ['test/crash/replay-killed.test.ts', 'far over the cap'],
  },
  {
    name: 'finish after commit',
    file: 'lib/replay/replay-batch.ts',
    breaks: [
      [
        "await replay.at('rows.applied');",
        "await replay.at('rows.applied');\n      if (lastEventId === null) await finishBatch(replay.provider, batch.id);",
      ],
    ],
    noticedBy: ['test/crash/replay-killed.test.ts', 'between any two steps'],
  },
  {
    name: "the subscriber's session outlives a statement of the provider",
    file: 'lib/replay/replay-batches.ts',
    breaks: [['work.idleTimeoutMs = remainingMs;', 'work.idleTimeoutMs = work.statementTimeoutMs;']],
    noticedBy: ['test/flow/replay-slow-provider.test.ts', 'takes too long over a slice'],
  },
  {
    name: 'the limit of a slice is stored, whatever has become of its connection',
    file: 'lib/replay/replay-batches.ts',
    breaks: [
      [
        'context.connect(context.node, (subscriber) => noteAttempt({ ...work, subscriber }, next, failed)),',
        'undefined,',
      ],
    ],
    noticedBy: ['test/flow/replay-slow-provider.test.ts', 'over another connection'],
  },
  {
    name: 'chunk attempt',
    file: commitChunk,
    breaks: [["c.state = 'announced' and c.attempt = i_attempt", "c.state = 'announced'"]],
    noticedBy: ['test/faults/guards.test.ts', 'attempt'],
  },
  {
    name: 'chunk generation',
    file: commitChunk,
    breaks: [['t.generation = i_generation and', '']],
    noticedBy: ['test/faults/guards.test.ts', 'generation'],
  },
  {
    name: 'one chunk is announced at a time',
    file: sql('pgtide.announce_chunk'),
    breaks: [
      [`with next as (\n${nextChunk}\n        )\n`, ''],
      ['from next n', `from (\n${nextChunk}\n        ) n`],
    ],
    noticedBy: [copyRace, 'one chunk at a time'],
  },
  {
    name: 'constraints are taken off for a copy',
    file: sql('pgtide.begin_copy'),
    breaks: [['perform pgtide._save_and_drop_constraints(i_queue, i_table, v_table);', '']],
    noticedBy: [copyRace, 'is exact while rows change'],
  },
  {
    name: 'constraints are put back after a copy',
    file: sql('pgtide.restore_object'),
    breaks: [['perform pgtide.run(v_runner, v_saved.restore_sql);', 'null;']],
    noticedBy: ['test/flow/replicate.test.ts'],
  },
  {
    name: 'nested changes are merged',
    file: sql('pgtide.settle_nesting'),
    breaks: [['if v_inner is not null then\n        if v_turn', 'if false then\n        if v_turn']],
    noticedBy: ['test/sql/capture-order.test.ts', 'keeps the order'],
  },
  {
    name: 'images of some columns are folded',
    file: sql('pgtide._type_table'),
    breaks: [['count(distinct h.columns) > 1 and bool_or', 'false and bool_or']],
    noticedBy: ['test/flow/classic-triggers.test.ts', 'passes from'],
  },
  {
    name: 'rows without a key: an event takes what was there before it',
    file: sql('pgtide._apply_keyless_rows'),
    breaks: [['(l.before < l.ev_id) is not true', 'l.before is null']],
    noticedBy: ['test/flow/keyless.test.ts', 'is inserted only later'],
  },
  {
    name: 'collapse: whether a key existed before',
    file: sql('pgtide._collapse_stage'),
    breaks: [['then 0 else 1 end', 'then 1 else 1 end']],
    noticedBy: ['test/faults/guards.test.ts', 'is inserted and changed in one batch'],
  },
  {
    name: 'collapse: a guess that keys are distinct is checked',
    file: sql('pgtide._apply_set'),
    breaks: [['if v_work.collapsed is null and v_applied.missing > 0 then', 'if false then']],
    noticedBy: ['test/faults/guards.test.ts', 'repeat late'],
  },
  {
    name: 'fallback to the exact order',
    file: sql('pgtide._apply_tables'),
    breaks: [["if v_exact or v_state not in ('23505', '23503', '23P01') then", 'if true then']],
    noticedBy: ['test/faults/guards.test.ts', 'move between rows'],
  },
  {
    name: 'tickers one after the other',
    file: sql('pgq._lock_ticks'),
    breaks: [['perform pg_advisory_xact_lock(7366513, i_queue_id);', '']],
    noticedBy: ['test/sql/queue-race.test.ts', 'ticker'],
  },
  {
    name: 'tickers in READ COMMITTED',
    file: sql('pgq._lock_ticks'),
    breaks: [
      [
        "if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then",
        'if false then',
      ],
    ],
    noticedBy: ['test/sql/queue-ticker.test.ts', 'isolation levels'],
  },
  {
    name: 'ticks in order',
    file: sql('pgq._store_tick'),
    breaks: [
      [
        'txid_snapshot_xmin(v_last.tick_snapshot) > txid_snapshot_xmin(v_snapshot)\n            or txid_snapshot_xmax(v_last.tick_snapshot) > txid_snapshot_xmax(v_snapshot)',
        'false',
      ],
    ],
    noticedBy: ['test/sql/queue-ticker.test.ts', 'snapshot is not after'],
  },
  {
    name: 'a table that was rewritten after the chunk’s snapshot',
    file: 'lib/copy/copy-chunk.ts',
    breaks: [['if (row?.rewritten) throw', 'if (row === null) throw']],
    noticedBy: [copyRace, 'is rewritten between'],
  },
  {
    name: 'epochs of leases grow',
    file: 'lib/lease/dynamodb-store.ts',
    breaks: [['OR #epoch < :epoch)', 'OR #epoch <= :epoch)']],
    noticedBy: ['test/unit/lease/lease-model.test.ts'],
  },
  {
    name: 'tables of other roles are written as their owners',
    file: sql('pgtide.table_runner'),
    breaks: [['return pgtide.owner_runner(v_class.relowner);', 'return null;']],
    noticedBy: ['test/flow/owner-code.test.ts', 'as their owner'],
  },
  {
    name: 'captures look into tables of other roles as their owners',
    file: sql('pgtide._capture_reader'),
    breaks: [["'USAGE') then v_class.relowner", "'USAGE') then 0"]],
    noticedBy: ['test/sql/capture-looks.test.ts', 'settles the order when'],
  },
  {
    name: 'what code of others leaves in the session is refused',
    file: sql('pgtide.run'),
    breaks: [['if v_left is not null then', 'if false then']],
    noticedBy: ['test/flow/owner-leftovers.test.ts', 'search_path: does not act later'],
  },
  {
    name: 'margin for clocks that differ',
    file: 'lib/lease/dynamodb-store.ts',
    breaks: [
      ['return this.#options.clock.now() - this.#options.skewMs;', 'return this.#options.clock.now();'],
    ],
    noticedBy: ['test/unit/lease/lease-store.test.ts', 'more than the margin'],
  },
  ...rowTableGuards,
];
