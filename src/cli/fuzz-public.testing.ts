/** The public side, asked for what it has not: sealed posts, chunks, pages and receipts, spoilt, and the desk's own doors. */

import { publishedForm } from '../forms/store.ts';
import { canonicalJson } from '../sealing/encoding.ts';
import { postContentType } from '../sealing/post.ts';
import { encodePost } from '../sealing/submission.ts';
import { signedTarget } from '../submissions/target.ts';
import { somePost } from '../submissions/testing.ts';
import { CLOTHES, type Plan, spoil, withTwice } from './fuzz-changes.testing.ts';
import type { Genuine, Json } from './fuzz-genuine.testing.ts';
import { type Answer, kindOf, type Run, refusalIn } from './fuzz-sending.testing.ts';

const POST = '/exampleshire/review/cases';

/** Sends one spoilt request to the public side; every third asks it for a door of the desk. */
export async function sendToSlot(run: Run, genuine: readonly Genuine[], plan: Plan): Promise<Answer> {
  const asked = genuine[plan.genuine % genuine.length];
  const [door, url, type, payload] =
    asked && plan.sender % 3 === 0
      ? [asked.door, asked.url, 'application/json', spelt(run, structuredClone(asked.body), plan)]
      : await publicAsk(run, plan);
  const clothes = CLOTHES[plan.clothes % CLOTHES.length] ?? {};
  const answer = await run.sites.slot.inject({
    method: clothes.method ?? (door.startsWith('PUT') ? 'PUT' : 'POST'),
    url: `${clothes.path?.(url) ?? url}${clothes.query ?? ''}`,
    headers: {
      'content-type': type,
      ...clothes.headers,
      cookie: `letterbox=${run.world.people.ana.session}`,
    },
    ...(clothes.method === 'GET' || clothes.method === 'HEAD' ? {} : { payload }),
  });
  const { statusCode: status, body } = answer;
  return { door, sender: 'nobody', status, refusal: refusalIn(body), kind: kindOf(status, body) };
}

type Asked = readonly [door: string, url: string, type: string, payload: Buffer | string];

async function publicAsk(run: Run, plan: Plan): Promise<Asked> {
  const of = run.world.cases[0];
  switch (plan.sender % 4) {
    case 0: {
      const url = `${POST}/${of?.post.case}/attachments/${of?.attachment.id}/0`;
      const bytes = Buffer.from(spelt(run, { chunk: '*' }, plan));
      return ['PUT :attachment', url, 'application/octet-stream', bytes];
    }
    case 1: {
      const fields = new URLSearchParams({ readers: '*', public: '1', page: spelt(run, { page: 1 }, plan) });
      return [
        'POST :fill',
        '/exampleshire/review/fill',
        'application/x-www-form-urlencoded',
        fields.toString(),
      ];
    }
    default:
      return ['POST :cases', POST, postContentType, await spoiltPost(run, plan)];
  }
}

function spelt(run: Run, value: Json, plan: Plan): string {
  const twice = spoil(run.world, run.values, value, [...plan.document, ...plan.beside]);
  return withTwice(JSON.stringify(value), twice);
}

/** A genuine sealed post whose head, or whose bytes, are not what they were. */
async function spoiltPost(run: Run, plan: Plan): Promise<Buffer> {
  const published = await publishedForm(run.world.body.db.slot, 'exampleshire', 'review');
  const target = published && (await signedTarget(published));
  if (!target) throw new Error('The form is not open.');
  const bytes = Buffer.from(encodePost((await somePost(target)).post));
  const end = 4 + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.subarray(4, end).toString()) as Json;
  const twice = spoil(run.world, run.values, head, plan.document);
  const text = Buffer.from(withTwice(plan.canonical ? JSON.stringify(head) : canonicalJson(head), twice));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const objects = Buffer.from(bytes.subarray(end));
  for (const { at, what } of plan.beside) objects[at % objects.length] = what % 256;
  return Buffer.concat([length, text, objects]);
}
