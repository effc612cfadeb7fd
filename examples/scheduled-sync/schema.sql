-- The application's database. Analysts want orders, customers and the catalog, and have no use for sessions.
create schema catalog;
create table catalog.products (
  id integer primary key,
  title text not null,
  price numeric(10, 2) not null
);

create table customers (
  id bigint generated always as identity primary key,
  country text not null
);

create table orders (
  id bigint generated always as identity primary key,
  customer_id bigint not null references customers,
  product_id integer not null references catalog.products,
  quantity integer not null,
  placed_at timestamptz not null default now()
);

create table sessions (
  token text primary key,
  customer_id bigint references customers
);

insert into catalog.products select n, 'Product ' || n, n / 4.0 from generate_series(1, 100) n;
insert into customers (country) select (array['at', 'ee', 'pt'])[1 + n % 3] from generate_series(1, 1000) n;
insert into orders (customer_id, product_id, quantity)
select 1 + n % 1000, 1 + n % 100, 1 + n % 5 from generate_series(1, 20000) n;
insert into sessions select md5(n::text), 1 + n % 1000 from generate_series(1, 1000) n;
