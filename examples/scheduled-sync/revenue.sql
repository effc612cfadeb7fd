-- A view for analysts, in their own database.
create view revenue as
select c.country, sum(o.quantity * p.price) as revenue
from orders o
join customers c on c.id = o.customer_id
join catalog.products p on p.id = o.product_id
group by c.country;
