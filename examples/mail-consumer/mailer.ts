/** Stands in for a mail server: writes mails to sent-mail.txt, and refuses the address in MAIL_REFUSES. Put your own here. */
import { appendFile } from 'node:fs/promises';

export interface Mail {
  /** The same for each attempt, so that a mail which was sent twice can be recognized. Becomes the `Message-ID`. */
  id: string;
  to: string;
  subject: string;
  text: string;
}

export async function sendMail(mail: Mail, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (mail.to === process.env.MAIL_REFUSES) throw new Error('550 no such mailbox');
  await appendFile('sent-mail.txt', `${JSON.stringify(mail)}\n`);
}
