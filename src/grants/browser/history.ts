/** `<letterbox-history>`: checks in this browser that each line of a statement was really signed by two people. */
import { markForged } from './forged.ts';
import { verified } from './proven.ts';

class HistoryElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    if (!this.querySelector('[data-grant]')) return;
    await markForged(this, async () => new Set((await verified('ever')).proven.grants.map(({ id }) => id)));
  }
}

customElements.define('letterbox-history', HistoryElement);
