/** A process of its own that sends a notice, to be killed in the middle. Reads what it needs from its standard input. */
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { parseAddress } from '../post/address.ts';
import { openRelay, parseRelay } from '../post/post.ts';
import { openDatabase, sessionSecret } from '../store/store.ts';
import { MOST_AT_ONCE, sendingShape, sendMessages } from './acts.ts';

const given = z.object({
  ...{ database: z.string(), session: z.string(), notice: z.string(), relay: z.string() },
  messages: z.array(sendingShape.shape.messages.element),
});
const { database, session, notice, relay, messages } = given.parse(JSON.parse(await text(process.stdin)));
const [secret, address, from] = [
  sessionSecret(session),
  parseRelay(relay),
  parseAddress('notices@example.com'),
];
if (!secret || !address || !from) throw new Error('What was given is not what it takes.');
const desk = openDatabase('desk', database, 8);
const out = openRelay(address, from, { connect: 1000, answer: 1500 }, 4);
for (let at = 0; at < messages.length; at += MOST_AT_ONCE)
  await sendMessages({ desk, relay: out }, secret, notice, messages.slice(at, at + MOST_AT_ONCE));
out.close();
await desk.close();
