/** GOV.UK Notify, against a server on loopback that speaks its published API. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseAddress } from './address.ts';
import { openNotify, parseNotify } from './notify.ts';
import { NOTIFY_KEY, NOTIFY_TEMPLATE, openNotifyService } from './testing.ts';

const to = (text: string) => {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`${text} is no address.`);
  return parsed;
};
const mail = (id = randomUUID(), address = 'ana@body.example') => ({
  ...{ id, to: to(address), subject: 'About your data', text: 'Dear Ana,\n\nsomething happened.' },
});

async function withService(
  work: (
    service: Awaited<ReturnType<typeof openNotifyService>>,
    relay: ReturnType<typeof openNotify>,
  ) => Promise<void>,
): Promise<void> {
  const service = await openNotifyService();
  try {
    await work(service, openNotify({ url: service.url, key: NOTIFY_KEY, template: NOTIFY_TEMPLATE }, 600));
  } finally {
    await service.close();
  }
}

describe('GOV.UK Notify', () => {
  test('takes a mail, signed with the key, to one address, with our identifier as its reference', () =>
    withService(async (service, relay) => {
      const one = mail();
      expect(await relay.send(one)).toEqual({ sent: true });
      expect(service.taken()).toEqual([
        {
          ...{ id: expect.any(String), reference: one.id, status: 'created', email_address: one.to },
          personalisation: { subject: one.subject, message: one.text },
        },
      ]);
      expect(await relay.trouble()).toBeNull();
    }));

  test('refuses for good what is about the mail, for later what is about the account, and never repeats the address', () =>
    withService(async (service, relay) => {
      expect(await relay.send(mail(undefined, 'refused@body.example'))).toEqual({
        ...{ sent: false, how: 'never' },
        why: 'GOV.UK Notify refuses this mail: email_address … Not a valid email address',
      });
      expect(await relay.send(mail(undefined, 'limit@body.example'))).toMatchObject({ how: 'later' });
      const stranger = openNotify({
        ...{ url: service.url, template: NOTIFY_TEMPLATE },
        key: `x-${randomUUID()}-${randomUUID()}`,
      });
      expect(await stranger.send(mail())).toMatchObject({ how: 'later' });
      expect(service.taken()).toEqual([]);
    }));

  test('is asked whether it has the mail where its answer is lost', () =>
    withService(async (service, relay) => {
      expect(await relay.send(mail(undefined, 'taken-and-silent@body.example'))).toEqual({ sent: true });
      expect(await relay.send(mail(undefined, 'silent@body.example'))).toMatchObject({ how: 'unknown' });
      expect(service.taken()).toHaveLength(1);
      await service.close();
      expect(await relay.send(mail())).toMatchObject({ how: 'unknown' });
    }));

  test('says which it could not deliver', () =>
    withService(async (service, relay) => {
      const [fine, gone] = [mail(), mail()];
      await relay.send(fine);
      await relay.send(gone);
      expect(await relay.undelivered()).toEqual([]);
      service.fail(gone.id, 'permanent-failure');
      expect(await relay.undelivered()).toEqual([{ id: gone.id, why: 'There is no such address.' }]);
    }));

  test('has to have our template', () =>
    withService(async (service, relay) => {
      service.template({ subject: '((subject))', body: 'Hello ((message))' });
      expect(await relay.trouble()).toContain('has to have ((subject))');
      await service.close();
      expect(await relay.trouble()).toContain('GOV.UK Notify says: nothing.');
    }));
});

test('the setting is a key and a template, and an address that is encrypted or on this machine', () => {
  const parts = `${NOTIFY_KEY} ${NOTIFY_TEMPLATE}`;
  expect(parseNotify(parts)).toEqual({
    ...{ url: 'https://api.notifications.service.gov.uk', key: NOTIFY_KEY, template: NOTIFY_TEMPLATE },
  });
  expect(parseNotify(`${parts} http://localhost:6011`)?.url).toBe('http://localhost:6011');
  for (const wrong of [
    '',
    NOTIFY_KEY,
    `x ${NOTIFY_TEMPLATE}`,
    `${parts} http://notify.example`,
    `${parts} a b`,
  ])
    expect(parseNotify(wrong), wrong).toBeNull();
});
