/** The conversation of an opened case at the desk: what was written, a field for writing, and another receipt code. */
import { unlocked } from '../../people/browser/unlocked.ts';
import { toBase64url } from '../../sealing/encoding.ts';
import type { Identity } from '../../sealing/keys.ts';
import type { CaseAddress } from '../../sealing/submission.ts';
import { ask, make, say } from '../../web/browser/ask.ts';
import { momentInWords } from '../../web/london.ts';
import { parseText, renewedReceipt, type SealedMessage } from '../conversation.ts';
import { type Message, openMessages } from '../opening.ts';
import { Draft } from './draft.ts';

export type OpenConversation = {
  readonly of: CaseAddress;
  readonly caseIdentity: Identity;
  readonly messages: readonly SealedMessage[];
  /** Where the submitter may be told that there is a message: only where they chose to be reached so. */
  readonly tellAt: string | null;
};

const LOCKED = 'Your keys are locked. Sign in again in another tab, then send it once more.';

/** The whole of it, to be added to the page of a case. */
export async function conversationOf(open: OpenConversation): Promise<HTMLElement[]> {
  const messages = await openMessages(open.caseIdentity, open.of, open.messages);
  const list = make('ol', { class: 'govuk-list letterbox-messages', 'data-messages': '' });
  list.append(...messages.map(entryOf));
  const none = make('p', { class: 'govuk-body' }, 'Nobody has written yet.');
  none.hidden = messages.length > 0;
  return [
    make('h3', { class: 'govuk-heading-m' }, 'Conversation'),
    ...[
      none,
      list,
      writing(open, (message) => {
        none.hidden = true;
        list.append(entryOf(message));
      }),
      renewing(open),
    ],
  ];
}

function entryOf({ from, name, at, arrival, text }: Message): HTMLElement {
  const who = from === 'submitter' ? 'The submitter' : (name ?? 'A colleague');
  const how = arrival === 'server' ? ', sent without JavaScript: sealed on arrival' : '';
  const shown = text ?? 'This message could not be opened. Tell your data protection officer.';
  return make(
    'li',
    { class: `letterbox-message letterbox-message--${from}` },
    make('h4', { class: 'govuk-heading-s' }, who),
    make('p', { class: 'govuk-body-s' }, momentInWords(at) + how),
    make('p', { class: text === null ? 'govuk-error-message' : 'govuk-body letterbox-answer' }, shown),
  );
}

function writing(open: OpenConversation, onSent: (message: Message) => void): HTMLElement {
  const field = make('textarea', { class: 'govuk-textarea', id: 'message', rows: '6', autocomplete: 'off' });
  const error = make('p', { class: 'govuk-error-message', id: 'message-error' });
  error.hidden = true;
  field.setAttribute('aria-describedby', 'message-hint message-error');
  const hint =
    'They read it when they come back with their receipt code. It is sealed here; nobody without access to this case can read it.';
  const button = make('button', { class: 'govuk-button', type: 'submit' }, 'Send to the submitter');
  const form = make(
    'form',
    { class: 'letterbox-no-print', novalidate: '' },
    make('label', { class: 'govuk-label govuk-label--s', for: 'message' }, 'Write to the submitter'),
    make('div', { class: 'govuk-hint', id: 'message-hint' }, hint),
    ...[error, field, button, make('p', { 'data-status': '', role: 'status' })],
  );
  const draft = new Draft(open.of, open.caseIdentity);
  const offer = telling(open);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    const told = await send(open, draft, field.value);
    button.disabled = false;
    const problem = 'problem' in told ? told.problem : '';
    error.hidden = problem === '';
    error.textContent = problem;
    if (!('sent' in told)) return field.focus();
    field.value = '';
    onSent(told.sent);
    say(form, 'Sent.', 'done');
    if (open.tellAt !== null) offer.hidden = false;
  });
  form.append(offer);
  return form;
}

/** A mail that says that there is a message, and nothing of it. */
function telling({ of, tellAt }: OpenConversation): HTMLElement {
  const told =
    'They asked to be reached by e-mail. A mail can tell them that there is a message, and nothing of it; your server and theirs see the address.';
  const button = make(
    'button',
    { class: 'govuk-button govuk-button--secondary', type: 'button' },
    'Tell them by e-mail',
  );
  const box = make(
    'div',
    {},
    make('p', { class: 'govuk-body' }, told),
    button,
    make('p', { 'data-status': '', role: 'status' }),
  );
  box.hidden = true;
  button.addEventListener('click', async () => {
    button.disabled = true;
    const answer = await ask(`/cases/${of.case}/messages/told`, { to: tellAt });
    say(box, answer.ok ? 'The mail has gone out.' : answer.message, answer.ok ? 'done' : 'error');
    button.disabled = answer.ok;
  });
  return box;
}

/** Sends what was typed, or says why not. */
async function send(
  { of }: OpenConversation,
  draft: Draft,
  typed: string,
): Promise<{ readonly sent: Message } | { readonly problem: string }> {
  const parsed = parseText(typed);
  if ('problem' in parsed) return parsed;
  const staff = await unlocked();
  if (!staff) return { problem: LOCKED };
  const { id, sealed, at, text } = await draft.sealed(parsed.text, staff.person);
  const answer = await ask(`/cases/${of.case}/messages`, { id, sealed: toBase64url(sealed) });
  if (!answer.ok) return { problem: answer.message };
  draft.arrived();
  return { sent: { id, from: 'body', name: 'You', at, arrival: 'browser', text } };
}

/** For a submitter who has lost their code, once somebody has made sure that it is them. */
function renewing({ of, caseIdentity }: OpenConversation): HTMLElement {
  const warning =
    'First make sure that it is them: ask what only they can know, or call back a number that stands in the answers. Whoever has the new code reads this conversation. The one they had stops working, the register keeps that you did this, and they see it when they come back.';
  const sure = make('input', { class: 'govuk-checkboxes__input', id: 'sure', type: 'checkbox' });
  const button = make(
    'button',
    { class: 'govuk-button govuk-button--warning', type: 'button' },
    'Make a new code',
  );
  const details = make(
    'details',
    { class: 'govuk-details letterbox-no-print' },
    make(
      'summary',
      { class: 'govuk-details__summary' },
      make('span', { class: 'govuk-details__summary-text' }, 'They have lost their receipt code'),
    ),
    make(
      'div',
      { class: 'govuk-details__text' },
      make('p', { class: 'govuk-body' }, warning),
      make(
        'div',
        { class: 'govuk-checkboxes govuk-form-group' },
        make(
          'div',
          { class: 'govuk-checkboxes__item' },
          ...[
            sure,
            make(
              'label',
              { class: 'govuk-label govuk-checkboxes__label', for: 'sure' },
              'I have made sure that it is them',
            ),
          ],
        ),
      ),
      ...[button, make('p', { 'data-status': '', role: 'status' })],
    ),
  );
  button.addEventListener('click', async () => {
    if (!sure.checked) return say(details, 'Say first that you have made sure that it is them.', 'error');
    button.disabled = true;
    const { code, authenticator, receiptKey } = await renewedReceipt(of, caseIdentity, new Date());
    const answer = await ask(`/cases/${of.case}/receipt`, {
      authenticator,
      receiptKey: toBase64url(receiptKey),
    });
    button.disabled = false;
    if (!answer.ok) return say(details, answer.message, 'error');
    say(
      details,
      'This is their new code. It is shown only now; read it out, or hand it over on paper.',
      'done',
    );
    details.querySelector('[data-code]')?.remove();
    details.lastElementChild?.append(
      make('p', { class: 'govuk-body letterbox-code', 'data-code': '' }, code),
    );
  });
  return details;
}
