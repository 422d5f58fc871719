/**
 * Which grants and form keys are proven: by signatures of two different people, verified from the
 * founding record down. Runs in every browser before it seals a key to anyone, so that a row written
 * into the database by whomever can never make anything readable.
 */
import type { Directory, SignedDocument } from '../people/person.ts';
import { sha256Hex, verifyText } from '../sealing/signature.ts';
import {
  type ApprovalDocument,
  type FormKeyDocument,
  type GrantDocument,
  type GrantsDocument,
  parseDocument,
} from './documents.ts';
import { LONGEST_DAYS } from './grant.ts';

export type ProvenGrant = {
  readonly hash: string;
  readonly grant: GrantDocument;
  readonly approval: ApprovalDocument;
  readonly ended: boolean;
};
export type ProvenKey = { readonly hash: string; readonly key: FormKeyDocument };
export type Ignored = { readonly hash: string; readonly why: string };

export type Proven = {
  readonly grants: readonly ProvenGrant[];
  /** Grants that would be proven by an approval, whether or not they have one. */
  readonly proposals: readonly { readonly hash: string; readonly grant: GrantDocument }[];
  readonly keys: readonly ProvenKey[];
  /** Form keys that their maker signed, countersigned or not. */
  readonly keysMade: readonly ProvenKey[];
  /** What was there and does not count, and why: shown, never trusted. */
  readonly ignored: readonly Ignored[];
};

type Checked = { readonly hash: string; readonly document: GrantsDocument };

/** Walks the documents of this room and keeps what two confirmed managers really signed. */
export async function verifyGrants(
  documents: readonly SignedDocument[],
  directory: Directory,
): Promise<Proven> {
  const ignored: Ignored[] = [];
  const checked: Checked[] = [];
  for (const signed of documents) {
    if (!KINDS.includes(signed.kind)) continue;
    const result = await check(signed, directory);
    if ('why' in result) ignored.push(result);
    else checked.push(result);
  }
  const grants = checked.flatMap((each) => provenGrant(each, checked, directory, ignored));
  const reads = (person: string, form: string) =>
    grants.some(({ grant }) => grant.person === person && grant.form === form);
  const keys = checked.flatMap((each) => provenKey(each, checked, directory, reads));
  const keysMade = checked.flatMap(({ hash, document }) =>
    document.kind === 'form-key' ? [{ hash, key: document }] : [],
  );
  const proposals = checked.flatMap(({ hash, document }) =>
    document.kind === 'grant' && whyNot(document, directory) === null ? [{ hash, grant: document }] : [],
  );
  return { grants, proposals, keys, keysMade, ignored };
}

/** Grants that are proven, not ended, and last beyond `at`. */
export function provenInForce(proven: Proven, at: string): ProvenGrant[] {
  return proven.grants.filter(({ grant, ended }) => !ended && grant.until > at);
}

const KINDS: readonly string[] = ['grant', 'approval', 'grant-end', 'form-key', 'form-key-approval'];

async function check(signed: SignedDocument, directory: Directory): Promise<Checked | Ignored> {
  const hash = await sha256Hex(signed.text);
  const document = parseDocument(signed.text);
  if (!document || hash !== signed.hash) return { hash, why: 'It is not a well-formed document.' };
  const signer = directory.people.get(document.signer);
  if (!signer) return { hash, why: 'Its signer is not a confirmed person.' };
  if (document.organisation !== directory.organisation)
    return { hash, why: 'It is about another organisation.' };
  if (!(await verifyText(signer.verifyKey, signed.text, signed.signature))) {
    return { hash, why: 'Its signature is not that of its signer.' };
  }
  return { hash, document };
}

/** `LONGEST_DAYS`, to the end of the last day. */
const LONGEST = (LONGEST_DAYS + 1) * 24 * 60 * 60 * 1000;

function isManager(directory: Directory, person: string): boolean {
  return directory.people.get(person)?.capacities.includes('manager') ?? false;
}

/** Why a grant does not count whoever approved it, or null. */
function whyNot(grant: GrantDocument, directory: Directory): string | null {
  const grantee = directory.people.get(grant.person);
  if (!grantee) return 'The person it names is not confirmed.';
  if (grantee.recipient !== grant.recipient || grantee.fingerprint !== grant.fingerprint)
    return 'The key it names is not the key of the person it names.';
  if (Date.parse(grant.until) - Date.parse(grant.at) > LONGEST) return 'It lasts longer than a grant may.';
  if (grant.signer === grant.person) return 'Its proposer is the person it is for.';
  return isManager(directory, grant.signer) ? null : 'Its proposer is not a manager.';
}

function provenGrant(
  { hash, document }: Checked,
  all: readonly Checked[],
  directory: Directory,
  ignored: Ignored[],
): ProvenGrant[] {
  if (document.kind !== 'grant') return [];
  const why = whyNot(document, directory);
  if (why !== null) {
    ignored.push({ hash, why });
    return [];
  }
  const approval = all
    .map((each) => each.document)
    .find(
      (each): each is ApprovalDocument =>
        each.kind === 'approval' &&
        each.grant === hash &&
        each.state === document.state &&
        each.signer !== document.signer &&
        each.signer !== document.person &&
        isManager(directory, each.signer),
    );
  if (!approval) {
    ignored.push({ hash, why: 'No second manager approved it.' });
    return [];
  }
  // Ending closes; one manager is enough.
  const ended = all.some(
    ({ document: each }) =>
      each.kind === 'grant-end' && each.grant === hash && isManager(directory, each.signer),
  );
  return [{ hash, grant: document, approval, ended }];
}

/** A form key counts when a reader made it and a manager who is somebody else countersigned it. */
function provenKey(
  { hash, document }: Checked,
  all: readonly Checked[],
  directory: Directory,
  reads: (person: string, form: string) => boolean,
): ProvenKey[] {
  if (document.kind !== 'form-key' || !reads(document.signer, document.form)) return [];
  const approved = all.some(
    ({ document: each }) =>
      each.kind === 'form-key-approval' &&
      each.formKey === hash &&
      each.signer !== document.signer &&
      isManager(directory, each.signer),
  );
  return approved ? [{ hash, key: document }] : [];
}
