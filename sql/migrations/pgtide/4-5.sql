-- A subscriber's tables that are about to join (the root does not have them yet; add-table goes on) or to leave (the root has removed them;
-- what stands in the way is in error, and copy tries again: pgtide.apply_removal).
create table pgtide.member_change (
    queue_name      text not null,
    table_name      text not null,
    change          text not null constraint member_change_change check (change in ('joining', 'leaving')),
    error           text,
    primary key (queue_name, table_name),
    foreign key (queue_name, table_name) references londiste.table_info on delete cascade
);
