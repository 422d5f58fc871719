/** `<letterbox-resumption>`: shows who suspended somebody and why, as it was signed, and signs that it be lifted. */
import { z } from 'zod';
import { carriedJson, say } from '../../web/browser/ask.ts';
import { parsePeopleDocument } from '../documents.ts';
import { signResumption } from '../standing-documents.ts';
import { NotSigned, onPress, type Signer, send, theSigner } from './signing.ts';

const carried = z.object({ person: z.string(), suspension: z.string() });
type Carried = z.infer<typeof carried>;

class ResumptionElement extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const about = carried.parse(carriedJson(this));
    onPress(this, async () => {
      const signer = await theSigner();
      whyIn(signer, about);
      const signed = await signResumption(signer.staff, about.person, about.suspension, new Date());
      await send(`/people/${about.person}/resumption`, signed);
      return '/people';
    });
    await this.show(about);
  }

  private async show(about: Carried): Promise<void> {
    try {
      this.querySelector('[data-why]')?.append(whyIn(await theSigner(), about));
    } catch (error) {
      if (!(error instanceof NotSigned)) throw error;
      say(this, error.message, 'error');
    }
  }
}

/** What the suspension says, from its signed document. Throws where no such document counts. */
function whyIn({ documents, directory }: Signer, { person, suspension }: Carried): string {
  const found = documents.find(({ hash }) => hash === suspension);
  const document = found ? parsePeopleDocument(found.text) : null;
  const counts = !directory.ignored.some(({ hash }) => hash === suspension);
  if (document?.kind !== 'suspension' || document.person !== person || !counts)
    throw new NotSigned('No signed document says that this person is suspended. Do not sign.');
  const by = directory.everyone.get(document.signer)?.name ?? 'Somebody';
  return `${by} wrote: ${document.reason}`;
}

customElements.define('letterbox-resumption', ResumptionElement);
