/** `security.txt` (RFC 9116): where strangers can tell of a hole, for programs and people who look for it. */
import type { PublishedForm } from './sending.ts';

export type Contacts = {
  /** Of the public site, without a slash at its end. */
  readonly publicUrl: string;
  /** What the host gives besides: a `mailto:`, `https:` or `tel:` address. */
  readonly contact: string | null;
};

const DAYS = 180;

/** Null where there is nobody to tell: a file without a contact would be none. */
export function securityText(
  forms: readonly PublishedForm[],
  { publicUrl, contact }: Contacts,
  now: Date,
): string | null {
  const told = forms
    .filter(({ definition }) => definition.alarms === true)
    .map(({ organisation, definition }) => `${publicUrl}/${organisation.slug}/${definition.id}`);
  const contacts = [...told, ...(contact ? [contact] : [])];
  if (contacts.length === 0) return null;
  const expires = new Date(now.getTime() + DAYS * 86_400_000).toISOString().slice(0, 10);
  const lines = [
    ...contacts.map((each) => `Contact: ${each}`),
    ...[`Expires: ${expires}T00:00:00.000Z`, 'Preferred-Languages: en'],
    `Canonical: ${publicUrl}/.well-known/security.txt`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Whether a setting is a contact as the file takes one. */
export const parseContact = (text: string): string | null =>
  /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:\+[\d-]+)$/.test(text) ? text : null;
