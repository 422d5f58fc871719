/** `<letterbox-join>`: founding a body or enrolling; makes the person's keys in this browser. */
import * as opaque from '@serenity-kit/opaque';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/browser';
import { z } from 'zod';
import { toHex } from '../../sealing/encoding.ts';
import { type Identity, recipientOf } from '../../sealing/keys.ts';
import { type StaffIdentity, sealStaff } from '../../sealing/staff.ts';
import { ask, carriedJson, make, say } from '../../web/browser/ask.ts';
import { ORGANISATION_KINDS } from '../documents.ts';
import { makeEnrolment, makeFounding, makeHostFounding, RECOVERY, type Signed } from '../enrolment.ts';
import { recoverySheets } from './recovery-sheets.ts';
import { suggestedPassphrase } from './suggestion.ts';
import { keep } from './unlocked.ts';
import { inOneSpelling, makePasskey, passphraseUnlock } from './unlocking.ts';

const carried = z.object({
  secret: z.string(),
  /** Which kind of organisation is founded; null for a colleague who enrols. */
  founding: z.enum(ORGANISATION_KINDS).nullable(),
  invited: z
    .object({
      organisation: z.string(),
      person: z.string(),
      founding: z.string(),
      name: z.string(),
      email: z.string(),
    })
    .nullable(),
});

type Made = Signed & { readonly staff: StaffIdentity; readonly recovery?: Identity };
type Unlocking = { readonly unlock: Identity; readonly method: unknown };

const creationOptions = z.custom<PublicKeyCredentialCreationOptionsJSON>(
  (value) =>
    typeof value === 'object' && value !== null && 'challenge' in value && 'rp' in value && 'user' in value,
);

class JoinProblem extends Error {}

class JoinElement extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector('form');
    form?.addEventListener('submit', (event) => {
      event.preventDefault();
      this.join(new FormData(form)).catch((error) => {
        this.busy(false);
        if (!(error instanceof JoinProblem)) console.error(error);
        say(this, error instanceof JoinProblem ? error.message : STOPPED, 'error');
      });
    });
    // GOV.UK's conditional radios carry an attribute that ARIA does not allow there.
    form?.addEventListener('change', () => {
      const asked = this.querySelector<HTMLInputElement>('[value=passphrase]')?.checked === true;
      this.querySelector('[data-passphrase]')?.toggleAttribute('hidden', !asked);
    });
    this.querySelector('[data-suggestion]')?.append(suggestedPassphrase());
    this.querySelector('[data-suggest]')?.addEventListener('click', () => this.suggest());
  }

  private suggest(): void {
    const field = this.querySelector<HTMLInputElement>('[name=passphrase]');
    const suggestion = this.querySelector('[data-suggestion]')?.textContent?.trim();
    if (field && suggestion) field.value = suggestion;
  }

  private busy(working: boolean): void {
    for (const button of this.querySelectorAll('button')) button.disabled = working;
  }

  private async join(form: FormData): Promise<void> {
    const { secret, founding, invited } = carried.parse(carriedJson(this));
    const typed = (name: string) => String(form.get(name) ?? '').trim();
    const person = invited ?? { name: typed('name'), email: typed('email').toLowerCase() };
    if (person.name === '' || !/^[^@\s]+@[^@\s]+$/.test(person.email))
      throw new JoinProblem('Enter your name and your email address.');
    if (founding && typed('organisation') === '')
      throw new JoinProblem(
        founding === 'host' ? 'Enter the name of your organisation.' : 'Enter the name of your body.',
      );
    this.busy(true);
    say(this, 'Making your keys in this browser …');
    const found = founding === 'host' ? makeHostFounding : makeFounding;
    const made: Made = invited
      ? await makeEnrolment(invited, new Date())
      : await found(typed('organisation'), person, new Date());
    const way =
      typed('method') === 'passkey'
        ? await this.passkey(secret, person.email)
        : await this.passphrase(secret, person.email, inOneSpelling(typed('passphrase')));
    if (made.recovery) await this.showSheets(made.recovery, made.staff);
    const sealed = toHex(await sealStaff(await recipientOf(way.unlock), made.staff, new Date()));
    const answer = await ask(`/join/${secret}`, {
      text: made.text,
      signature: made.signature,
      sealed,
      method: way.method,
    });
    if (!answer.ok) throw new JoinProblem(answer.message);
    await keep(made.staff);
    location.assign('/people');
  }

  private async passkey(secret: string, name: string): Promise<Unlocking> {
    const options = await ask(`/join/${secret}/passkey`, { name });
    if (!options.ok) throw new JoinProblem(options.message);
    const { response, unlock } = await makePasskey(creationOptions.parse(options.body));
    if (!unlock)
      throw new JoinProblem(
        'This device can make a passkey but cannot open keys with it. Choose a passphrase instead.',
      );
    return { unlock, method: { kind: 'passkey', response } };
  }

  private async passphrase(secret: string, email: string, password: string): Promise<Unlocking> {
    if (password.length < 12)
      throw new JoinProblem('Your passphrase must be 12 characters or more. You can take the one suggested.');
    await opaque.ready;
    const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({ password });
    const begun = await ask(`/join/${secret}/passphrase`, { email, start: registrationRequest });
    if (!begun.ok) throw new JoinProblem(begun.message);
    const offered = z
      .object({ response: z.string(), secret: z.string(), qr: z.string().startsWith('data:image/png') })
      .parse(begun.body);
    const { registrationRecord, exportKey } = opaque.client.finishRegistration({
      clientRegistrationState,
      registrationResponse: offered.response,
      password,
    });
    const code = await this.askCode(offered.secret, offered.qr);
    return {
      unlock: await passphraseUnlock(exportKey),
      method: { kind: 'passphrase', record: registrationRecord, code },
    };
  }

  /** Shows the QR code and waits for the first code of the app. */
  private askCode(secret: string, qr: string): Promise<string> {
    const input = make('input', {
      class: 'govuk-input govuk-input--width-5',
      id: 'code',
      inputmode: 'numeric',
      autocomplete: 'one-time-code',
    });
    const next = make('button', { class: 'govuk-button', type: 'button' }, 'Continue');
    const step = make(
      'section',
      { 'aria-labelledby': 'code-heading' },
      make(
        'h2',
        { class: 'govuk-heading-m', id: 'code-heading', tabindex: '-1' },
        'Add a code from your phone',
      ),
      make(
        'p',
        { class: 'govuk-body' },
        'Scan this with an authenticator app, or type the secret into it. Then enter the six digits it shows.',
      ),
      make('img', { src: qr, alt: 'QR code for your authenticator app', width: '200', height: '200' }),
      make('p', { class: 'govuk-body letterbox-mono', 'data-secret': '' }, secret),
      make('label', { class: 'govuk-label', for: 'code' }, 'Six digits'),
      make('div', { class: 'govuk-form-group' }, input),
      next,
    );
    return this.step(step, next, () => input.value.trim());
  }

  private async showSheets(recovery: Identity, staff: StaffIdentity): Promise<void> {
    const sheets = await recoverySheets(recovery, staff.organisation, RECOVERY);
    const next = make('button', { class: 'govuk-button', type: 'button' }, 'I have printed all three sheets');
    await this.step(
      make('section', { 'aria-label': 'Recovery sheets' }, sheets, next),
      next,
      () => 'printed',
    );
  }

  /** Puts a step in the form's place until its button is pressed. */
  private step(section: HTMLElement, next: HTMLButtonElement, value: () => string): Promise<string> {
    this.querySelector('form')?.setAttribute('hidden', '');
    say(this, '');
    this.prepend(section);
    section.querySelector<HTMLElement>('[tabindex="-1"]')?.focus();
    return new Promise((resolve) => {
      next.addEventListener('click', () => {
        const given = value();
        if (given === '') return;
        section.remove();
        this.querySelector('form')?.removeAttribute('hidden');
        resolve(given);
      });
    });
  }
}

const STOPPED = 'That was stopped or did not work, and nothing was sent. Try again.';

customElements.define('letterbox-join', JoinElement);
