/** The function that Lambda calls: sends a mail for each order. */
import { createConsumer } from 'pgtide/consumer';
import { sendMail } from './mailer.ts';

export const handler = createConsumer({
  queue: 'mail',
  consumer: 'order-mail',
  // Short, so that there is something to see. Mail servers want more patience: { seconds: 300, max: 5 }
  retry: { seconds: 1, max: 1 },
  // A deployment names its lease table. On this machine there is none, and one run at a time.
  lease: process.env.PGTIDE_LEASE_TABLE !== undefined,
  async onEvent(event, { signal }) {
    if (event.type !== 'order-placed') return;
    const { order, email, item } = JSON.parse(event.data ?? '{}');
    await sendMail(
      {
        // At least once: if a run dies after a mail, the next run sends it again, with the same id.
        id: `<order-${order}@shop.example>`,
        to: email,
        subject: `Your order ${order}`,
        text: `Thank you for your order: ${item}.`,
      },
      signal,
    );
  },
});
