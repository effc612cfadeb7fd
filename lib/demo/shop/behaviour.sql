-- The shop's application: a trigger, and the transactions that the demo's writers run. The owner of the database runs
-- this after filling it.

-- An application trigger that changes another table from within a statement.
create function shop.keep_items_total() returns trigger as $$
begin
    if tg_op in ('UPDATE', 'DELETE') then
        update shop.orders set items_total = items_total - old.line_total where order_id = old.order_id;
    end if;
    if tg_op in ('INSERT', 'UPDATE') then
        update shop.orders set items_total = items_total + new.line_total where order_id = new.order_id;
    end if;
    return null;
end;
$$ language plpgsql;

create trigger keep_items_total
    after insert or delete or update of order_id, quantity, unit_price on shop.order_items
    for each row execute procedure shop.keep_items_total();

create schema simulate;

-- Returns a customer's number between 1 and i_most, the low ones more often: some rows are hot.
create function simulate.pick(i_most integer) returns integer as $$
    select 1 + floor(power(random(), 3) * i_most)::integer;
$$ language sql volatile;

-- Places an order of one to four lines, pays it and removes it from the stock: inserts and updates over five tables.
create function simulate.place_order() returns void as $$
declare
    v_customer uuid := md5('customer ' || simulate.pick(50000))::uuid;
    v_order bigint;
begin
    insert into shop.orders (customer_id, ship_to, placed_at, note)
    select c.customer_id, (select min(a.address_id) from shop.addresses a where a.customer_id = c.customer_id),
           clock_timestamp(), case when random() < 0.2 then 'Grüße ✓ ' || clock_timestamp() end
      from shop.customers c where c.customer_id = v_customer
    returning order_id into v_order;
    if v_order is null then
        return;
    end if;
    insert into shop.order_items (order_id, line_no, product_id, quantity, unit_price)
    select v_order, row_number() over (order by p.product_id), p.product_id, 1 + p.product_id % 3, p.price
      from (select distinct simulate.pick(6000) as product_id from generate_series(1, 1 + floor(random() * 4)::integer)) chosen
      join shop.products p using (product_id);
    insert into shop.payments
    select gen.id, v_order, 'card', o.items_total, '203.0.113.9', clock_timestamp(), null
      from shop.orders o, (select md5(random()::text || clock_timestamp()::text)::uuid as id) gen
     where o.order_id = v_order and o.items_total > 0;
    update shop.inventory i set in_stock = i.in_stock - l.quantity
      from shop.order_items l
     where l.order_id = v_order and i.product_id = l.product_id and i.warehouse = 'east';
    update shop.orders set state = 'paid' where order_id = v_order;
end;
$$ language plpgsql;

-- Moves a few orders to their next state: updates of older rows.
create function simulate.ship_orders() returns void as $$
begin
    update shop.orders o
       set state = case o.state when 'new' then 'paid' when 'paid' then 'packed' when 'packed' then 'shipped' else 'returned' end::shop.order_state,
           promised_within = o.promised_within + interval '1 hour'
      from (select simulate.pick(100000) as order_id from generate_series(1, 5)) chosen
     where o.order_id = chosen.order_id;
end;
$$ language plpgsql;

-- Changes keys: a line's number, a payment's id, the warehouse of a product.
create function simulate.change_keys() returns void as $$
declare
    v_order bigint := simulate.pick(100000);
begin
    update shop.order_items set line_no = line_no + 100 where order_id = v_order and line_no < 100;
    update shop.payments set payment_id = md5(payment_id::text)::uuid where order_id = v_order;
    update shop.inventory i set warehouse = 'north'
     where i.warehouse = 'west' and i.product_id = v_order % 6000
       and not exists (select from shop.inventory n where n.warehouse = 'north' and n.product_id = i.product_id);
end;
$$ language plpgsql;

-- Deletes an order with all rows that depend on it, old visits, and sometimes a category with its children.
create function simulate.clear_out() returns void as $$
declare
    v_order bigint := simulate.pick(100000);
    v_visit bigint := 13000 + simulate.pick(12000);
    v_category integer := 11 + simulate.pick(199);
begin
    delete from shop.orders where order_id = v_order;
    delete from shop.visits where happened_at between '2026-02-01' and '2026-02-28' and visit_id = v_visit;
    if random() < 0.05 then
        delete from shop.categories where category_id = v_category;
    end if;
end;
$$ language plpgsql;

-- Visits, carts, reviews and prices: the small writes.
create function simulate.browse() returns void as $$
declare
    v_customer uuid := md5('customer ' || simulate.pick(50000))::uuid;
    v_product bigint := simulate.pick(6000);
    v_import text := 'import ' || simulate.pick(20);
begin
    insert into shop.visits (happened_at, customer_id, page, took)
    select timestamptz '2026-01-01' + random() * interval '200 days', v_customer, '/product/' || n, n * interval '3 milliseconds'
      from generate_series(1, 3) n;
    insert into shop.carts values (v_customer, v_customer, '[{"product": 1}]', clock_timestamp())
        on conflict (cart_id) do update set contents = shop.carts.contents || excluded.contents, changed_at = excluded.changed_at;
    update shop.customers set last_seen_from = '198.51.100.77', preferences = preferences || '{"seen": true}' where customer_id = v_customer;
    insert into shop.reviews (product_id, customer_id, rating, body, score)
    values (v_product, v_customer, 1 + floor(random() * 5)::smallint, 'ok', random()::real);
    update shop.products set price = price + 0.01, attributes = attributes || jsonb_build_object('hits', simulate.pick(99))
     where product_id = v_product;
    insert into shop."Competitor prices" values ('ABC-000001', clock_timestamp(), '1.99', 'live');
    update shop."Competitor prices" set price = price * 1.1 where source = 'live' and random() < 0.01;
    delete from shop."Competitor prices" where source = v_import and random() < 0.01;
end;
$$ language plpgsql;

-- One transaction of a writer: mostly orders and browsing.
create function simulate.work(i_dice double precision default random()) returns void as $$
begin
    if i_dice < 0.35 then
        perform simulate.place_order();
    elsif i_dice < 0.75 then
        perform simulate.browse();
    elsif i_dice < 0.88 then
        perform simulate.ship_orders();
    elsif i_dice < 0.94 then
        perform simulate.change_keys();
    else
        perform simulate.clear_out();
    end if;
end;
$$ language plpgsql;

-- The nightly cleaning of a side table.
create function simulate.empty_carts() returns void as $$
begin
    truncate shop.carts;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

-- The application's role may read and write rows, and no more.
grant usage on schema shop, simulate to shop_app;
grant select, insert, update, delete on all tables in schema shop to shop_app;
grant usage on all sequences in schema shop to shop_app;
grant execute on all functions in schema simulate to shop_app;
