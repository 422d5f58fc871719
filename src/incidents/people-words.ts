/** How the people affected are spoken of: what they told, and how they are reached. */
import type { Channel, DataKind } from './affected.ts';

export const KIND_WORDS: Readonly<Record<DataKind, string>> = {
  name: 'names',
  address: 'addresses',
  phone: 'telephone numbers',
  email: 'e-mail addresses',
  date: 'dates',
  choice: 'choices',
  words: 'what they wrote',
  file: 'files',
};
export const CHANNEL_WORDS: Readonly<Record<Channel, string>> = {
  email: 'E-mail',
  letter: 'Letter',
  phone: 'Telephone',
  none: 'No way of their own',
};
