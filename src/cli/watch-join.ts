/** Watch takes an account: it enrols by the one-time link that a manager or an operator made on the desk's page Watch. */
import { z } from 'zod';
import { ORGANISATION_KINDS } from '../people/documents.ts';
import { makeEnrolment } from '../people/enrolment.ts';
import { toHex } from '../sealing/encoding.ts';
import { fingerprint, fingerprintWords, generateIdentity } from '../sealing/keys.ts';
import { sealStaff } from '../sealing/staff.ts';
import { type Account, post } from '../watch/account.ts';
import { type Asking, jsonIn } from '../watch/asking.ts';
import { newPasskey, registration } from '../watch/passkey.ts';

export type Joined = { readonly account: Account; readonly words: readonly string[] };

const carriedShape = z.object({
  invited: z.object({
    ...{ organisation: z.string(), organisationName: z.string(), kind: z.enum(ORGANISATION_KINDS) },
    ...{ person: z.string(), founding: z.string(), name: z.string(), email: z.string() },
  }),
});
type Invited = z.output<typeof carriedShape>['invited'];
const optionsShape = z.object({ challenge: z.string() });

/**
 * Enrols with a passkey of its own. What a person's keys would sign or open, these never will: they are made, shown by
 * their words, and thrown away. @throws one line when the link does not work
 */
export async function joinAsWatch(asking: Asking, link: string): Promise<Joined> {
  const parts = /^(https?:\/\/[^/]+)\/join\/([0-9a-f]{64})$/.exec(link.trim());
  if (!parts) throw new Error('This is no link to join by: it looks like https://desk.example.org/join/….');
  const [, desk = '', secret = ''] = parts;
  const page = await asking.ask({
    url: link.trim(),
    headers: { accept: 'text/html', 'accept-encoding': 'identity' },
  });
  if (!page) throw new Error(`${desk} does not answer.`);
  const invited = carried(Buffer.from(page.bytes).toString('utf8'));
  if (page.status !== 200 || !invited)
    throw new Error('This link has been used, is too old, or is not for a colleague. Ask for a new one.');
  const { text, signature, staff } = await makeEnrolment(invited, new Date());
  const passkey = newPasskey();
  const options = await post(asking, `${desk}/join/${secret}/passkey`, { name: invited.email });
  const begun = optionsShape.safeParse(options && jsonIn(options));
  if (!begun.success) throw new Error(`${desk} did not let Watch make its passkey. Try again.`);
  const { recipient: nobody } = await generateIdentity();
  const sealed = toHex(await sealStaff(nobody, staff, new Date()));
  const response = registration(passkey, begun.data.challenge, desk);
  const answer = await post(asking, `${desk}/join/${secret}`, {
    ...{ text, signature, sealed, method: { kind: 'passkey', response } },
  });
  if (answer?.status !== 201) throw new Error(told(answer && jsonIn(answer)));
  const words = fingerprintWords(fingerprint(staff.recipient, staff.verifyKey));
  const { organisation, organisationName, person, kind } = invited;
  return { account: { ...passkey, organisation, organisationName, host: kind === 'host', person }, words };
}

/** What the page of the link carries for a browser; null for a link by which something is founded. */
function carried(page: string): Invited | null {
  const json = /<letterbox-join>\s*<script type="application\/json">([\s\S]*?)<\/script>/.exec(page)?.[1];
  if (json === undefined) return null;
  return carriedShape.safeParse(JSON.parse(json)).data?.invited ?? null;
}

const told = (answer: unknown): string =>
  z.object({ message: z.string() }).safeParse(answer).data?.message ??
  'The desk did not take Watch in. Try again.';
