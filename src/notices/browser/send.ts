/** `<letterbox-notice-send>`: hands the messages over to be sent, a few at a time; stops when anybody says so. */
import { z } from 'zod';
import { openReleased } from '../../cases/browser/opening.ts';
import { NotVerified } from '../../grants/browser/proven.ts';
import { unlocked } from '../../people/browser/unlocked.ts';
import { toBase64url } from '../../sealing/encoding.ts';
import { recipientOf } from '../../sealing/keys.ts';
import { objectId } from '../../sealing/place.ts';
import { SealingError } from '../../sealing/sealing.ts';
import { sealMessage } from '../../sealing/submission.ts';
import { make, many, say } from '../../web/browser/ask.ts';
import { handedOver, type Message, STATES } from '../notice.ts';
import { asked, type Carried, checkedMessages, NotAgreed, type Notice, waitingOf } from './list.ts';
import { NoticeElement, type Opened } from './noticed.ts';
import { button, doing, progressIn } from './showing.ts';

const AT_ONCE = 20;
const PAUSE_MS = 400;
const sentShape = z.object({
  outcome: z.enum(['claimed', 'stopped', 'halted']),
  results: z.array(z.object({ key: z.string(), state: z.enum(STATES), why: z.string().nullable() })),
});

class SendElement extends NoticeElement {
  protected readonly words = { file: 'Choose the same file once more', button: 'Open the list' };
  private stopped = false;

  /** Once the list is open, names can be shown, and messages handed over. */
  protected async go(of: Carried, notice: Notice, open: () => Promise<Opened>): Promise<void> {
    const { list } = await open();
    const messages = await checkedMessages(of, notice, list);
    showNames(messages);
    this.replaceChildren(...this.querySelectorAll('script, [data-status]'));
    const mails = this.dataset.noMail === undefined ? await waitingOf(notice, messages, 'email') : [];
    const written = await waitingOf(notice, messages, 'conversation');
    const counts = [
      ...(mails.length > 0 ? [many(mails.length, 'e-mail')] : []),
      ...(written.length > 0 ? [`${many(written.length, 'message')} for conversations`] : []),
    ];
    const none = 'No e-mail and no message for a conversation waits to be sent.';
    say(this, counts.length > 0 ? `To be sent: ${counts.join(', ')}.` : none, 'done');
    if (counts.length > 0 && this.dataset.stopped === undefined)
      this.append(button('Send them', () => doing(this, () => this.send(of, notice, { mails, written }))));
  }

  private async send(
    of: Carried,
    notice: Notice,
    { mails, written }: { readonly mails: readonly Message[]; readonly written: readonly Message[] },
  ): Promise<void> {
    this.stopped = false;
    const stop = make('button', { type: 'button', class: 'govuk-button govuk-button--warning' }, 'Stop');
    stop.addEventListener('click', () => {
      this.stopped = true;
      say(this, 'Stopping …');
    });
    const bar = progressIn(this, mails.length + written.length, 'Messages handed over');
    this.append(stop);
    await this.mail(of, notice, mails, bar);
    await this.write(of, written, bar);
    if (this.stopped) await steer(of, 'stopped', 'Somebody pressed stop.');
    location.reload();
  }

  /** Each case is opened for its key, which the register keeps, and what is written is sealed to it here. */
  private async write(of: Carried, written: readonly Message[], bar: HTMLProgressElement): Promise<void> {
    const failed: string[] = [];
    for (const message of written) {
      if (this.stopped) return;
      const sealed = await sealedFor(message).catch((error: unknown) => {
        if (error instanceof NotVerified || error instanceof SealingError) return null;
        throw error;
      });
      if (sealed === null) failed.push(message.reference);
      else if ((await handOver(of, [{ ...handedOver(message), sealed }])).outcome !== 'claimed') return;
      bar.value += 1;
      const wrong = failed.length > 0 ? ` These cases could not be opened here: ${failed.join(', ')}.` : '';
      say(this, `Writing into the conversations of cases.${wrong}`);
    }
    if (failed.length > 0)
      throw new NotAgreed(
        `${many(failed.length, 'message')} could not be written, since their cases do not open here: ${failed.join(', ')}. Ask somebody who may read them to send these.`,
      );
  }

  private async mail(
    of: Carried,
    notice: Notice,
    waiting: readonly Message[],
    bar: HTMLProgressElement,
  ): Promise<void> {
    const queue = [...waiting];
    let [sent, failed, late] = [0, 0, 0];
    while (queue.length > 0 && !this.stopped) {
      const batch = queue.slice(0, AT_ONCE);
      const { outcome, results } = await handOver(of, batch.map(handedOver));
      if (outcome !== 'claimed') break;
      const tried = new Set(results.map(({ key }) => key));
      const became = Map.groupBy(results, ({ state }) => state);
      const [through, onTheirWay] = [became.get('sent')?.length ?? 0, became.get('sending')?.length ?? 0];
      sent += through;
      late += onTheirWay;
      failed += results.length - through - onTheirWay;
      const still =
        tried.size > 0 ? null : new Set((await waitingOf(notice, batch, 'email')).map(({ key }) => key));
      const rest = batch.filter(({ key }) => !tried.has(key) && (still?.has(key) ?? true));
      queue.splice(0, batch.length, ...rest);
      bar.value = waiting.length - queue.length;
      const wrong = failed > 0 ? ` ${failed} did not go out.` : '';
      const silent = late > 0 ? ` Of ${late} the relay has not said yet whether it takes them.` : '';
      say(this, `${sent} of ${waiting.length} sent.${wrong}${silent}`);
      if (tried.size < batch.length) await pause();
    }
  }
}

const handOver = ({ incident }: Carried, messages: readonly object[]) =>
  asked(sentShape, `/incidents/${incident}/notice/send`, { messages });

/** The message of a conversation, sealed to its case; sent again it has the same id, and so is there once. Base64url. */
async function sealedFor({ key, to, subject, text }: Message): Promise<string> {
  const staff = await unlocked();
  if (!staff) throw new NotVerified('Your keys are locked. Sign in again to unlock them.');
  const { of, caseIdentity } = await openReleased(to);
  const written = { text: `${subject}\n\n${text}`, by: staff.person, now: new Date() };
  const { sealed } = await sealMessage(of, await recipientOf(caseIdentity), {
    id: objectId(key),
    ...written,
  });
  return toBase64url(sealed);
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));

async function steer({ incident }: Carried, what: string, why: string): Promise<void> {
  const body = new URLSearchParams({ what, why });
  await fetch(`/incidents/${incident}/notice/steer`, { method: 'POST', body, redirect: 'manual' });
}

/** The page's table knows references only; who they are is known here. */
function showNames(messages: readonly Message[]): void {
  const names = new Map(messages.map((each) => [each.reference, each]));
  for (const cell of document.querySelectorAll<HTMLElement>('[data-name-of]')) {
    const found = names.get(cell.dataset.nameOf ?? '');
    const way = found?.channel === 'conversation' ? '' : found?.to.replaceAll('\n', ', ');
    if (found) cell.textContent = [found.name, way].filter(Boolean).join(', ');
  }
}

customElements.define('letterbox-notice-send', SendElement);
