-- Fills the shop, set-wise, with about 620,000 rows. Every value is derived from the number of its row, so that each
-- demo has the same shop.

insert into shop.customers
select md5('customer ' || g)::uuid,
       'customer' || g || '@example.net',
       (array['Ada','Blaise','Chiara','Dmitri','Élodie','Fatou','Günther','Hana','İpek','José','Květa','Lê'])[1 + g % 12]
           || ' ' || initcap(substr(md5('name ' || g), 1, 7)),
       (array['en','de','fr','cs','tr'])[1 + g % 5],
       date '1950-01-01' + (g * 7919 % 20000),
       case when g % 4 = 0 then array['books', 'tea "green"', null] when g % 4 = 1 then array['bicycles,used'] else '{}' end,
       jsonb_build_object('newsletter', g % 3 = 0, 'theme', case when g % 2 = 0 then 'dark' else 'light' end),
       case when g % 5 > 0 then ('10.' || g % 256 || '.' || g / 256 % 256 || '.7')::inet else 'fe80::1/64' end,
       timestamptz '2020-01-01 00:00+00' + g * interval '53 minutes'
from generate_series(1, 50000) g;

insert into shop.addresses (customer_id, label, street, city, postcode, location)
select md5('customer ' || g)::uuid, label, (g % 300 + 1) || ' ' || initcap(substr(md5('street ' || g % 997), 1, 9)) || ' St.',
       (array['Lyon','Brno','İzmir','Graz','Bath','Gent'])[1 + g % 6], lpad((g % 100000)::text, 5, '0'),
       point(g % 180 - 90 + 0.125, g % 90 + 0.1)
from generate_series(1, 50000) g, lateral unnest(case when g % 5 = 0 then array['home', 'work'] else array['home'] end) label;

insert into shop.categories
select g, case when g > 10 then 1 + (g - 1) % 10 end, 'Category ' || g,
       case when g > 10 then array[1 + (g - 1) % 10, g] else array[g] end
from generate_series(1, 210) g;

insert into shop.products (category_id, sku, title, price, weight_kg, packed, attributes, thumbnail, on_sale)
select 1 + g % 210,
       chr(65 + g % 26) || chr(65 + g / 26 % 26) || chr(65 + g / 676 % 26) || '-' || lpad(g::text, 6, '0'),
       initcap((array['small','large','blue','round','quiet'])[1 + g % 5]) || ' ' || (array['lamp','chair','kettle','bell','rug','shelf'])[1 + g % 6] || ' no ' || g,
       (g * 37 % 90000)::numeric / 100 + 0.99,
       case when g % 50 = 0 then 'NaN'::float8 else g % 40 / 3.0::float8 end,
       case when g % 3 > 0 then row(g % 90 + 0.5, g % 60 + 1, g % 45 + 2)::shop.box end,
       jsonb_build_object('colour', (array['red','blue','wood'])[1 + g % 3], 'tags', jsonb_build_array('new', g % 7, null), 'rating', g % 50 / 10.0),
       decode(md5('picture ' || g) || md5('more ' || g), 'hex'),
       case when g % 6 = 0 then daterange('2026-05-01', date '2026-05-02' + g % 60) when g % 6 = 1 then daterange('2026-01-01', null) end
from generate_series(1, 6000) g;

insert into shop.orders (customer_id, ship_to, state, placed_at, promised_within, items_total, note)
select md5('customer ' || 1 + g * 31 % 50000)::uuid, 1 + g * 17 % 60000,
       (enum_range(null::shop.order_state))[1 + g % 6],
       timestamptz '2025-06-01 00:00+00' + g * interval '4 minutes',
       g % 9 * interval '1 day' + g % 24 * interval '1 hour',
       0,
       case when g % 10 = 0 then E'Ring twice;\n"quietly"\tplease \\ thanks' end
from generate_series(1, 100000) g;

insert into shop.order_items (order_id, line_no, product_id, quantity, unit_price)
select g, n, 1 + (g * 13 + n * 101) % 6000, 1 + (g + n) % 5, ((g * 37 + n) % 9000)::numeric / 100 + 0.49
from generate_series(1, 100000) g, lateral generate_series(1, 1 + g % 3) n;

update shop.orders o set items_total = s.total
from (select order_id, sum(line_total) as total from shop.order_items group by 1) s
where s.order_id = o.order_id;

insert into shop.payments
select md5('payment ' || g)::uuid, g, (enum_range(null::shop.payment_method))[1 + g % 4], (g % 9000)::numeric / 100 + 1,
       case when g % 4 = 0 then ('192.0.2.' || g % 256)::inet end,
       timestamptz '2025-06-01 00:05+00' + g * interval '4 minutes',
       case when g % 8 = 0 then json_build_object('lines', g % 4, 'text', 'paid – thank you') end
from generate_series(1, 80000) g;

insert into shop.inventory
select warehouse, g, g * 7 % 500, (g % 256)::bit(8), date '2026-06-01' - g % 90
from generate_series(1, 6000) g, unnest(array['east', 'west']) warehouse;

insert into shop.reviews (product_id, customer_id, rating, body, score, written_at)
select 1 + g % 6000, case when g % 9 > 0 then md5('customer ' || 1 + g % 50000)::uuid end, 1 + g % 5,
       repeat('A fine thing it is, and I would say so again. ', g % 6), g / 7.0::real,
       timestamp '2024-01-01 00:00' + g * interval '31 minutes 7.123456 seconds'
from generate_series(1, 40000) g;

insert into shop.visits (happened_at, customer_id, page, took, headers)
select timestamptz '2026-01-01 00:00+00' + g * interval '3 minutes 20 seconds', md5('customer ' || 1 + g % 50000)::uuid,
       '/product/' || g % 6000, g % 3000 * interval '1 millisecond',
       case when g % 3 = 0 then jsonb_build_object('agent', 'browser ' || g % 40, 'referer', null) end
from generate_series(1, 80000) g;

insert into shop."Competitor prices"
select chr(65 + g % 26) || chr(65 + g / 26 % 26) || chr(65 + g / 676 % 26) || '-' || lpad((g % 6000)::text, 6, '0'),
       timestamptz '2026-06-01 00:00+00' + g * interval '1 minute', (g % 90000 / 100.0)::numeric::money, 'import ' || g % 20
from generate_series(1, 5000) g;

insert into shop.carts
select md5('cart ' || g)::uuid, md5('customer ' || g)::uuid, jsonb_build_array(jsonb_build_object('product', g % 6000, 'quantity', 1)), now()
from generate_series(1, 4000) g;

analyze;
