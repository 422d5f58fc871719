/** `<letterbox-notice-approve>`: opens the list that a colleague proposed, compares it with the cases, and agrees to it. */
import { z } from 'zod';
import { findPeople } from '../../incidents/browser/finding.ts';
import { carriedJson, say } from '../../web/browser/ask.ts';
import { differencesBetween, listOf } from '../list.ts';
import type { List } from '../notice.ts';
import { asked, type Carried, carriedShape, checkedMessages, listInFile, openList } from './list.ts';
import {
  button,
  countsIn,
  differing,
  doing,
  fileField,
  leftOut,
  preview,
  progressIn,
  result,
  shared,
} from './showing.ts';

type Notice = NonNullable<Carried['notice']>;

class ApproveElement extends HTMLElement {
  connectedCallback(): void {
    const of = carriedShape.parse(carriedJson(this));
    const { notice } = of;
    if (!notice) return;
    this.append(
      notice.source === 'file'
        ? fileField('Choose the same file as your colleague', (file) =>
            doing(this, () => this.read(of, notice, file)),
          )
        : button('Compare the list with the cases', () => doing(this, () => this.compare(of, notice))),
    );
  }

  private async read(of: Carried, notice: Notice, file: File): Promise<void> {
    const { list, left } = await listInFile(file, of.incident);
    await this.show(of, notice, list, leftOut([], left));
  }

  /** The list is not believed: the cases are opened once more, and have to say the same. */
  private async compare(of: Carried, notice: Notice): Promise<void> {
    const list = await openList(of, notice);
    const bar = progressIn(this, of.cases.length, 'Cases opened');
    const { people, unopened } = await findPeople(of.cases, (n) => {
      say(this, `Opening case ${n + 1} of ${of.cases.length} …`);
      bar.value = n;
    });
    const differences = differencesBetween(list, listOf(people, list.secret));
    if (differences.length > 0) {
      say(this, 'The list and the cases differ.', 'error');
      return result(this, ...differing(differences));
    }
    await this.show(of, notice, list, leftOut(unopened, []));
  }

  private async show(of: Carried, notice: Notice, list: List, left: readonly HTMLElement[]): Promise<void> {
    const messages = await checkedMessages(of, notice, list);
    say(this, `${countsIn(list)}. The list is the one that was proposed. Nothing was sent.`);
    const agreeing = button('Agree to this notice', () =>
      doing(this, async () => {
        const body = { list: notice.list };
        await asked(z.object({ done: z.literal(true) }), `/notices/${notice.id}/approve`, body);
        location.reload();
      }),
    );
    result(this, ...left, ...shared(list), preview(messages), agreeing);
  }
}

customElements.define('letterbox-notice-approve', ApproveElement);
