-- The application's new version writes the new columns.
update shop.orders set gift_wrap = true, gift_note = 'For you, no ' || order_id where order_id % 500 = 0;
