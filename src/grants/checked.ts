/** The documents of this room as their signers, then in good standing, really signed them. */
import { type Directory, type PersonInDirectory, type SignedDocument, stoodAt } from '../people/person.ts';
import { sha256Hex, verifyText } from '../sealing/signature.ts';
import { type GrantsDocument, parseDocument } from './documents.ts';

/** A document that its signer, then in good standing, really signed. */
export type Checked<D extends GrantsDocument = GrantsDocument> = {
  readonly hash: string;
  readonly position: number;
  readonly signer: PersonInDirectory;
  readonly document: D;
};

export type Ignored = { readonly hash: string; readonly why: string };

/** The documents of one kind. */
export function of<K extends GrantsDocument['kind']>(
  checked: readonly Checked[],
  kind: K,
): Checked<Extract<GrantsDocument, { kind: K }>>[] {
  return checked.filter(
    (each): each is Checked<Extract<GrantsDocument, { kind: K }>> => each.document.kind === kind,
  );
}

/** What a document says, with its signer; or why it does not count. */
export async function check(signed: SignedDocument, directory: Directory): Promise<Checked | Ignored> {
  const hash = await sha256Hex(signed.text);
  const document = parseDocument(signed.text);
  if (!document || hash !== signed.hash) return { hash, why: 'It is not a well-formed document.' };
  const signer = stoodAt(directory, document.signer, signed.position);
  if (!signer) return { hash, why: 'Its signer was not a confirmed person then.' };
  if (document.organisation !== directory.organisation)
    return { hash, why: 'It is about another organisation.' };
  if (!(await verifyText(signer.verifyKey, signed.text, signed.signature)))
    return { hash, why: 'Its signature is not that of its signer.' };
  return { hash, position: signed.position, signer, document };
}

/** A manager of the controller itself: nobody from outside manages. */
export function isManager({ capacities, outside }: PersonInDirectory): boolean {
  return capacities.includes('manager') && outside === null;
}
