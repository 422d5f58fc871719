/** `<letterbox-notice-send>`: hands the messages over to be sent, a few at a time; stops when anybody says so. */
import { z } from 'zod';
import { make, many, say } from '../../web/browser/ask.ts';
import { handedOver, type Message, STATES } from '../notice.ts';
import { asked, type Carried, checkedMessages, type Notice, waitingOf } from './list.ts';
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
    const waiting = await waitingOf(notice, messages, 'email');
    say(
      this,
      waiting.length > 0
        ? `${many(waiting.length, 'e-mail')} wait to be sent.`
        : 'No e-mail waits to be sent.',
      'done',
    );
    if (waiting.length > 0 && this.dataset.stopped === undefined)
      this.append(button('Send them', () => doing(this, () => this.send(of, notice, waiting))));
  }

  private async send(of: Carried, notice: Notice, waiting: readonly Message[]): Promise<void> {
    this.stopped = false;
    const stop = make('button', { type: 'button', class: 'govuk-button govuk-button--warning' }, 'Stop');
    stop.addEventListener('click', () => {
      this.stopped = true;
      say(this, 'Stopping …');
    });
    const bar = progressIn(this, waiting.length, 'Messages handed over');
    this.append(stop);
    const queue = [...waiting];
    let [sent, failed, late] = [0, 0, 0];
    while (queue.length > 0 && !this.stopped) {
      const batch = queue.slice(0, AT_ONCE);
      const { outcome, results } = await handOver(of, batch);
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
    if (this.stopped) await steer(of, 'stopped', 'Somebody pressed stop.');
    location.reload();
  }
}

const handOver = ({ incident }: Carried, batch: readonly Message[]) =>
  asked(sentShape, `/incidents/${incident}/notice/send`, {
    messages: batch.map(handedOver),
  });

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
    if (found) cell.textContent = [found.name, found.to.replaceAll('\n', ', ')].filter(Boolean).join(', ');
  }
}

customElements.define('letterbox-notice-send', SendElement);
