-- A deployment that adds columns. The subscriber runs it first, so that it has the column when rows bring it.
alter table shop.orders add column gift_wrap boolean not null default false, add column gift_note text;
