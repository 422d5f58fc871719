/** `<letterbox-lines>`: checks in this browser that each line the access page shows was really signed by two people. */
import { z } from 'zod';
import { carriedJson } from '../../web/browser/ask.ts';
import { provenLive } from '../verify.ts';
import { markForged } from './forged.ts';
import { verified } from './proven.ts';

const carried = z.object({ part: z.enum(['now', 'later', 'past']) });

class LinesElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const { part } = carried.parse(carriedJson(this));
    if (part === 'past') return;
    await markForged(this, async () => {
      const live = provenLive((await verified()).proven, new Date().toISOString());
      return new Set(live.map(({ id }) => id));
    });
  }
}

customElements.define('letterbox-lines', LinesElement);
