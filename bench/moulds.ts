/** Sealed posts of the real forms on a running site, from real texts where they are at hand. */
import { existsSync } from 'node:fs';
import { readTexts } from '../src/cli/fill.ts';
import { type Filling, openForms, sealOne } from '../src/cli/filling.ts';
import { type Mould, mouldOf } from './posts.ts';

const REAL = new URL('../../shared/data/complaints-5k.jsonl', import.meta.url);

/** Which texts are used: said beside the figures. */
export const textsUsed = existsSync(REAL) ? 'real texts' : 'the invented texts that ship';

export async function makeMoulds(publicUrl: string, organisation: string, count: number): Promise<Mould[]> {
  const texts = existsSync(REAL) ? readTexts(REAL.pathname) : [];
  const filling: Filling = { publicUrl, organisation, seed: 'bench', texts, attachmentsEvery: 0 };
  const forms = await openForms(filling);
  const moulds: Mould[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const { door, bytes } = await sealOne(filling, forms, nth);
    moulds.push(mouldOf(new URL(door).pathname, bytes));
  }
  return moulds;
}
