import { afterEach, expect, test, vi } from 'vitest';
import { generateIdentity } from '../sealing/keys.ts';
import { formId, newCaseId, newId, organisationId } from '../sealing/place.ts';
import { headerLength, parseSealed } from '../sealing/seal.ts';
import { isRefusal } from '../web/refusal.ts';
import { openIntake } from './intake.ts';
import type { Posting, PostResult } from './submissions.ts';
import { somePost } from './testing.ts';

const { recipient } = await generateIdentity();
const place = { organisation: organisationId(newId()), form: formId('report'), version: 1, generation: 1 };
const { post } = await somePost({ ...place, recipient });

const posting = (): Posting => ({ slug: 'exampleshire', post: { ...post, case: newCaseId(new Date()) } });
const accepted: PostResult = { verdict: 'accepted', day: '2026-04-01' };

afterEach(() => {
  vi.useRealTimers();
});

/** A database whose every answer is given by hand. */
function slowDatabase() {
  const calls: {
    batch: readonly Posting[];
    answer: (results: PostResult[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const called: (() => void)[] = [];
  const take = (batch: readonly Posting[]) =>
    new Promise<PostResult[]>((answer, fail) => {
      calls.push({ batch, answer, fail });
      called.shift()?.();
    });
  /** The call of this number, once it is made. */
  const call = async (n: number) => {
    while (calls.length <= n) await new Promise<void>((resolve) => called.push(resolve));
    const found = calls[n];
    if (!found) throw new Error('There is no such call.');
    return { ...found, accept: () => found.answer(found.batch.map(() => accepted)) };
  };
  return { take, call, calls };
}

test('a post goes at once, two batches are on their way at most, and who comes meanwhile is shared out evenly', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { take, call, calls } = slowDatabase();
  const intake = openIntake(take);
  const first = intake.post(posting());
  const one = await call(0);
  const second = intake.post(posting());
  const two = await call(1);
  const others = Array.from({ length: 70 }, () => intake.post(posting()));
  expect([one.batch.length, two.batch.length, calls.length, intake.waiting()]).toEqual([1, 1, 2, 70]);
  two.accept();
  expect(await second).toEqual(accepted);
  const three = await call(2);
  expect([three.batch.length, intake.waiting()]).toEqual([36, 34]);
  one.accept();
  await first;
  others.push(intake.post(posting()));
  await new Promise((resolve) => setImmediate(resolve));
  expect([calls.length, intake.waiting()]).toEqual([3, 35]);
  others.push(intake.post(posting()));
  const four = await call(3);
  expect([four.batch.length, intake.waiting()]).toEqual([36, 0]);
  three.accept();
  four.accept();
  await Promise.all(others);
  expect(calls).toHaveLength(4);
});

test('a batch that is stuck holds up nobody for long', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { take, call, calls } = slowDatabase();
  const intake = openIntake(take);
  const first = Array.from({ length: 4 }, () => intake.post(posting()));
  const [one] = [await call(0), await call(1)];
  one.accept();
  await Promise.all(first.slice(0, 2));
  const late = intake.post(posting());
  await new Promise((resolve) => setImmediate(resolve));
  vi.advanceTimersByTime(49);
  expect(calls).toHaveLength(2);
  vi.advanceTimersByTime(1);
  const three = await call(2);
  expect(three.batch).toHaveLength(1);
  three.accept();
  expect(await late).toEqual(accepted);
});

test('who waits for a batch to grow goes when the other comes back', async () => {
  const { take, call } = slowDatabase();
  const intake = openIntake(take);
  const first = Array.from({ length: 4 }, () => intake.post(posting()));
  const [one, two] = [await call(0), await call(1)];
  const late = intake.post(posting());
  one.accept();
  await Promise.all(first.slice(0, 2));
  two.accept();
  await Promise.all(first);
  const three = await call(2);
  expect([one.batch.length, two.batch.length, three.batch.length]).toEqual([2, 2, 1]);
  three.accept();
  expect(await late).toEqual(accepted);
});

test('nobody is acknowledged before the batch that holds their post is answered', async () => {
  const { take, call } = slowDatabase();
  const intake = openIntake(take);
  let told = false;
  const sent = intake.post(posting()).then(() => {
    told = true;
  });
  const { accept } = await call(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(false);
  accept();
  await sent;
  expect(told).toBe(true);
});

test('a batch is no larger than 4 MB', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { take, call } = slowDatabase();
  const intake = openIntake(take);
  // 1.5 MiB of payload, which is a padded length, behind a real header.
  const plain = 1.5 * 1024 * 1024;
  const bytes = new Uint8Array(headerLength + 16 + plain + 16 * Math.ceil(plain / 65536));
  bytes.set(post.answers.subarray(0, headerLength));
  const answers = parseSealed(bytes);
  if (!answers) throw new Error('This has not the shape of a sealed object.');
  const sendLarge = () => void intake.post({ slug: 'exampleshire', post: { ...posting().post, answers } });
  sendLarge();
  await call(0);
  sendLarge();
  await call(1);
  for (let n = 0; n < 9; n += 1) sendLarge();
  (await call(0)).accept();
  expect((await call(2)).batch).toHaveLength(2);
});

test('when a batch fails each post is tried once more by itself', async () => {
  const bad = posting();
  const tried: number[] = [];
  const intake = openIntake(async (batch) => {
    tried.push(batch.length);
    if (batch.includes(bad)) throw new Error('The database did not like this one.');
    return batch.map(() => accepted);
  });
  const results = await Promise.allSettled([posting(), bad, posting()].map((each) => intake.post(each)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(tried).toEqual([2, 1, 1, 1]);
});

test('beyond 2,000 waiting posts it says so, and takes posts again once they are through', async () => {
  const { take, call, calls } = slowDatabase();
  const intake = openIntake(take);
  const sent = [intake.post(posting())];
  await call(0);
  sent.push(intake.post(posting()));
  await call(1);
  sent.push(...Array.from({ length: 2000 }, () => intake.post(posting())));
  const refused = await intake.post(posting());
  expect(isRefusal(refused) && refused.kind).toBe('busy');
  for (let n = 0, through = 0; through < sent.length; n += 1) {
    const { batch, accept } = await call(n);
    expect(batch.length).toBeLessThanOrEqual(64);
    through += batch.length;
    accept();
  }
  expect((await Promise.all(sent)).every((result) => result === accepted)).toBe(true);
  const again = intake.post(posting());
  (await call(calls.length)).accept();
  expect(await again).toEqual(accepted);
});
