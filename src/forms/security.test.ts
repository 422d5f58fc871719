/** `security.txt`, as RFC 9116 wants it. */
import { expect, test } from 'vitest';
import { parseContact, securityText } from './security.ts';
import { publishedShipped } from './visitor.testing.ts';

const now = new Date('2026-11-28T10:00:00.000Z');
const at = { publicUrl: 'https://letters.example.org', contact: null };
const shipped = (...names: Parameters<typeof publishedShipped>[0][]) =>
  Promise.all(names.map((name) => publishedShipped(name)));

test('names the form for data problems of each body, and until when it holds', async () => {
  const text = securityText(await shipped('review', 'data-problem', 'victims'), at, now) ?? '';
  expect(text.split('\r\n')).toEqual([
    'Contact: https://letters.example.org/exampleshire/data-problem',
    'Expires: 2027-05-27T00:00:00.000Z',
    'Preferred-Languages: en',
    'Canonical: https://letters.example.org/.well-known/security.txt',
    '',
  ]);
});

test('names the host’s own contact as well, and is not there where there is none', async () => {
  const contact = parseContact('mailto:security@example.org');
  expect(securityText([], { ...at, contact }, now)).toMatch(/^Contact: mailto:security@example\.org\r\n/);
  expect(securityText(await shipped('review'), at, now)).toBeNull();
});

test('a contact is an address of one of three kinds', () => {
  for (const fine of ['mailto:a@b.example', 'https://b.example/x', 'tel:+44-20-7946-0000'])
    expect(parseContact(fine)).toBe(fine);
  for (const wrong of [
    'a@b.example',
    'http://b.example',
    'mailto:',
    'https://b.example x',
    'https://b\r\nContact: x',
  ])
    expect(parseContact(wrong), wrong).toBeNull();
});
