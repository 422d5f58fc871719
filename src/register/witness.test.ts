import { describe, expect, test } from 'vitest';
import { checkpointText } from './checkpoint.ts';
import { cosignatureOf, cosignerText, parseCosigner } from './cosignature.ts';
import { consistencyProof, hashLeaf, rootOf } from './merkle.ts';
import { parseVerifier, publicKey, signNote, verifierText } from './note.ts';
import { type Answer, answerAsking, askingText, parseAsking, type Witnessed } from './witness.ts';

const origin = 'letterbox/test/log';
const seed = new Uint8Array(32).fill(7);
const cosigner = { name: 'witness.example.org', seed: new Uint8Array(32).fill(9) };
const verifier = parseVerifier(verifierText(origin, await publicKey(seed)));
const witness = parseCosigner(await cosignerText(cosigner));
const now = new Date('2026-11-26T09:00:00Z');

const leaves = Array.from({ length: 13 }, (_, n) => hashLeaf(Uint8Array.of(n)));
const forked = leaves.with(3, hashLeaf(Uint8Array.of(99)));
const checkpointOf = (tree: typeof leaves, size: number) => ({
  ...{ origin, size: BigInt(size), root: rootOf(tree.slice(0, size)) },
});
const noteOf = (tree: typeof leaves, size: number, by = seed) =>
  signNote(checkpointText(checkpointOf(tree, size)), origin, by);

/** A witness that has cosigned the first `size` leaves. */
const having = (size: number): Witnessed => ({
  ...{ verifier, last: size === 0 ? null : checkpointOf(leaves, size) },
});
const answer = (body: string, log: Witnessed | null): Promise<Answer> =>
  answerAsking(parseAsking(body), (of) => (of === origin ? log : null), cosigner, now);
/** A request for the first `size` leaves, after `old`. */
async function asking(old: number, size: number, tree = leaves, by = seed): Promise<string> {
  const proof = old > 0 && old <= size ? consistencyProof(tree.slice(0, size), old) : [];
  return askingText({ old: BigInt(old), proof, note: await noteOf(tree, size, by) });
}

describe('a witness', () => {
  test.each([
    [0, 1],
    [0, 13],
    [1, 13],
    [5, 8],
    [8, 13],
    [13, 13],
  ])(
    'cosigns what has grown from what it cosigned (%i to %i), and the cosignature opens in the note',
    async (old, size) => {
      const given = await answer(await asking(old, size), having(old));
      if (given.status !== 200) throw new Error(`It answered ${given.status}.`);
      expect(given.seen).toEqual(checkpointOf(leaves, size));
      const note = (await noteOf(leaves, size)) + given.cosignature;
      expect((await cosignatureOf(note, witness))?.at).toEqual(now);
    },
  );

  test('says how far it is where the log proves from elsewhere: so a log put back to an old state is found out', async () => {
    expect(await answer(await asking(5, 8), having(8))).toEqual({ status: 409, size: 8n, signed: false });
    expect(await answer(await asking(0, 13), having(8))).toMatchObject({ status: 409, size: 8n });
    expect(await answer(await asking(8, 13), having(0))).toMatchObject({ status: 409, size: 0n });
  });

  test('cosigns no second log: neither one grown from another past nor one of the same size', async () => {
    expect(await answer(await asking(8, 13, forked), having(8))).toMatchObject({ status: 422, signed: true });
    expect(await answer(await asking(8, 8, forked), having(8))).toMatchObject({ status: 409, signed: true });
    const old = 5n;
    const note = await noteOf(leaves, 13);
    for (const proof of [[], consistencyProof(leaves, 8), consistencyProof(leaves, 5).toReversed()])
      expect(await answer(askingText({ old, proof, note }), having(5))).toMatchObject({ status: 422 });
  });

  test('refuses a log it does not know, another’s signature, a shrunk log and proofs about nothing', async () => {
    expect(await answer(await asking(0, 5), null)).toMatchObject({ status: 404, signed: false });
    const stranger = new Uint8Array(32).fill(8);
    expect(await answer(await asking(0, 5, leaves, stranger), having(0))).toMatchObject({ status: 403 });
    expect(await answer(await asking(8, 5), having(8))).toMatchObject({ status: 400, signed: true });
    const note = await noteOf(leaves, 5);
    const proof = consistencyProof(leaves, 5);
    expect(await answer(askingText({ old: 0n, proof, note }), having(0))).toMatchObject({ status: 422 });
    const empty = await signNote(
      checkpointText({ origin, size: 0n, root: hashLeaf(Uint8Array.of(1)) }),
      origin,
      seed,
    );
    expect(await answer(askingText({ old: 0n, proof: [], note: empty }), having(0))).toMatchObject({
      status: 422,
    });
  });

  test('takes nothing that is not exactly of the form', async () => {
    const good = await asking(5, 8);
    const [first, ...rest] = good.split('\n');
    const malformed = [
      ...[
        '',
        'old 5',
        good.replace('old 5', 'old 05'),
        good.replace('old 5', 'old -5'),
        good.replace('old 5', 'old  5'),
      ],
      ...[
        good.replace('old 5\n', ''),
        good.replace('\n\n', '\n'),
        good.slice(0, good.indexOf('\n\n') + 2),
        good.replace('\n', '\r\n'),
      ],
      [first, ...Array.from({ length: 64 }, () => rest[0]), '', await noteOf(leaves, 8)].join('\n'),
      [first, 'AAAA', '', await noteOf(leaves, 8)].join('\n'),
    ];
    for (const body of malformed)
      expect(await answer(body, having(5)), JSON.stringify(body.slice(0, 60))).toMatchObject({
        status: 400,
        signed: false,
      });
  });
});
