/** `<letterbox-sign-in>`: a passkey's one gesture, or passphrase and code; both unlock here. */
import * as opaque from '@serenity-kit/opaque';
import { z } from 'zod';
import { fromHex } from '../../sealing/encoding.ts';
import type { Identity } from '../../sealing/keys.ts';
import { openStaff } from '../../sealing/open.ts';
import { organisationId, personId } from '../../sealing/place.ts';
import { ask, say } from '../../web/browser/ask.ts';
import { keep } from './unlocked.ts';
import { inOneSpelling, passphraseUnlock, usePasskey } from './unlocking.ts';

const signedIn = z.object({
  organisation: z.string(),
  person: z.string(),
  sealed: z.string().nullable(),
  home: z.enum(['/', '/host']),
});

class SignInElement extends HTMLElement {
  connectedCallback(): void {
    this.querySelector('[data-passkey]')?.addEventListener('click', () => this.attempt(withPasskey));
    this.querySelector('form')?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.attempt(() => withPassphrase(new FormData(this.querySelector('form') ?? undefined)));
    });
  }

  private async attempt(work: () => Promise<string>): Promise<void> {
    const buttons = [...this.querySelectorAll('button')];
    for (const button of buttons) button.disabled = true;
    say(this, 'Signing in and opening your keys …');
    try {
      location.assign(await work());
    } catch (error) {
      for (const button of buttons) button.disabled = false;
      if (!(error instanceof SignInProblem)) console.error(error);
      say(this, error instanceof SignInProblem ? error.message : STOPPED, 'error');
    }
  }
}

class SignInProblem extends Error {}

const STOPPED = 'Signing in was stopped or did not work. Try again, or use the other way.';

async function withPasskey(): Promise<string> {
  const begun = await ask('/sign-in/passkey/start', {});
  if (!begun.ok) throw new SignInProblem(begun.message);
  const { id, options } = z
    .object({ id: z.string(), options: z.looseObject({ challenge: z.string() }) })
    .parse(begun.body);
  const { response, unlock } = await usePasskey(options);
  const answer = await ask('/sign-in/passkey', { id, response });
  if (!answer.ok) throw new SignInProblem(answer.message);
  if (!unlock) {
    throw new SignInProblem(
      'This passkey can sign you in but cannot open your keys on this device. Use the device you enrolled on.',
    );
  }
  return unlockWith(unlock, answer.body);
}

async function withPassphrase(form: FormData): Promise<string> {
  const typed = (name: string) => String(form.get(name) ?? '').trim();
  const password = inOneSpelling(typed('passphrase'));
  if (typed('email') === '' || password === '' || typed('code') === '') {
    throw new SignInProblem('Enter your email address, your passphrase and the code from your app.');
  }
  await opaque.ready;
  const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password });
  const begun = await ask('/sign-in/passphrase/start', { email: typed('email'), start: startLoginRequest });
  if (!begun.ok) throw new SignInProblem(begun.message);
  const { id, response } = z.object({ id: z.string(), response: z.string() }).parse(begun.body);
  const finished = opaque.client.finishLogin({ clientLoginState, loginResponse: response, password });
  const answer = await ask('/sign-in/passphrase', {
    id,
    finish: finished?.finishLoginRequest ?? 'wrong',
    code: typed('code'),
  });
  if (!answer.ok) throw new SignInProblem(answer.message);
  if (!finished) throw new SignInProblem(STOPPED);
  return unlockWith(await passphraseUnlock(finished.exportKey), answer.body);
}

/** Opens the keys; gives the first page of whoever signed in. */
async function unlockWith(unlock: Identity, body: unknown): Promise<string> {
  const { organisation, person, sealed, home } = signedIn.parse(body);
  const place = { organisation: organisationId(organisation), person: personId(person) };
  await keep(await openStaff(unlock, fromHex(sealed ?? '') ?? new Uint8Array(), place));
  return home;
}

customElements.define('letterbox-sign-in', SignInElement);
