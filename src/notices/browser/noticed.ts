/** What every element about a notice that was proposed begins with: the notice, and a way to its list. */
import { carriedJson } from '../../web/browser/ask.ts';
import type { ContactList } from '../contact-list.ts';
import type { List } from '../notice.ts';
import { type Carried, carriedShape, listInFile, type Notice, openList } from './list.ts';
import { button, doing, fileField } from './showing.ts';

/** The words above the file, and on the button where the list is sealed. */
type Words = { readonly file: string; readonly button: string };
/** `left`: lines of the file that are not in the list. */
export type Opened = { readonly list: List; readonly left: ContactList['left'] };

export abstract class NoticeElement extends HTMLElement {
  protected abstract readonly words: Words;
  /** Once somebody asks for it. `open` gives the list: read from the file that they chose, or handed out by the server. */
  protected abstract go(of: Carried, notice: Notice, open: () => Promise<Opened>): Promise<void>;

  connectedCallback(): void {
    const of = carriedShape.parse(carriedJson(this));
    const { notice } = of;
    if (!notice) return;
    const begin = (open: () => Promise<Opened>) => doing(this, () => this.go(of, notice, open));
    const sealed = async (): Promise<Opened> => ({ list: await openList(of, notice), left: [] });
    this.append(
      notice.source === 'file'
        ? fileField(this.words.file, (file) => begin(() => listInFile(file, of.incident)))
        : button(this.words.button, () => begin(sealed)),
    );
  }
}
