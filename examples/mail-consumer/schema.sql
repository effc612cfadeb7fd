create table orders (
  id bigint generated always as identity primary key,
  email text not null,
  item text not null
);

-- The order and its event are one transaction: both exist once it has committed, or neither.
create function place_order(i_email text, i_item text) returns bigint
language plpgsql as $$
declare
  v_order bigint;
begin
  insert into orders (email, item) values (i_email, i_item) returning id into v_order;
  perform pgq.insert_event('mail', 'order-placed',
    json_build_object('order', v_order, 'email', i_email, 'item', i_item)::text);
  return v_order;
end $$;
