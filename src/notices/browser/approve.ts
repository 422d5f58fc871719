/** `<letterbox-notice-approve>`: opens the list that a colleague proposed, compares it with the cases, and agrees to it. */
import { z } from 'zod';
import { say } from '../../web/browser/ask.ts';
import { differencesBetween, listOf } from '../list.ts';
import type { List } from '../notice.ts';
import { finding } from './finding.ts';
import { asked, type Carried, checkedMessages, type Notice } from './list.ts';
import { NoticeElement, type Opened } from './noticed.ts';
import { button, countsIn, differing, doing, leftOut, preview, result, shared } from './showing.ts';

class ApproveElement extends NoticeElement {
  protected readonly words = {
    file: 'Choose the same file as your colleague',
    button: 'Compare the list with the cases',
  };

  /** The list is not believed: the cases are opened once more, and have to say the same. */
  protected async go(of: Carried, notice: Notice, open: () => Promise<Opened>): Promise<void> {
    const { list, left } = await open();
    if (notice.source === 'file') return this.show(of, notice, list, leftOut([], left));
    const { people, unopened } = await finding(this, of.cases);
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
