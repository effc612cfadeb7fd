-- The database that is moved: a small shop.
create table customers (
  id bigint generated always as identity primary key,
  email text not null unique,
  name text not null
);

create table products (
  id serial primary key,
  title text not null,
  price numeric(10, 2) not null check (price > 0),
  stock integer not null
);

create sequence invoice_no start 1000;

create table orders (
  id bigint generated always as identity primary key,
  invoice bigint not null unique default nextval('invoice_no'),
  customer_id bigint not null references customers,
  placed_at timestamptz not null default now()
);
create index on orders (customer_id);

create table order_items (
  order_id bigint not null references orders on delete cascade,
  product_id integer not null references products,
  quantity integer not null check (quantity > 0),
  primary key (order_id, product_id)
);

insert into customers (email, name)
select 'customer' || n || '@example.com', 'Customer ' || n from generate_series(1, 1000) n;
insert into products (title, price, stock)
select 'Product ' || n, n / 4.0, 100000 from generate_series(1, 100) n;
insert into orders (customer_id)
select 1 + n % 1000 from generate_series(1, 5000) n;
insert into order_items (order_id, product_id, quantity)
select id, 1 + (id + n) % 100, n from orders, generate_series(1, 3) n;
