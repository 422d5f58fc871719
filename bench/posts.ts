/** Real sealed posts, made unlike each other cheaply: sealing a hundred thousand would measure sealing only. */
import { randomBytes, randomUUID } from 'node:crypto';
import { decodePost } from '../src/sealing/post.ts';

/** A real post, with where its case id and its authenticator stand; both have a fixed length. */
export type Mould = {
  readonly path: string;
  readonly bytes: Buffer;
  readonly id: number;
  readonly authenticator: number;
};

/** @throws when these are not the bytes of a post */
export function mouldOf(path: string, bytes: Uint8Array): Mould {
  const post = decodePost(bytes);
  if (!post) throw new Error('This is no sealed post.');
  const own = Buffer.from(bytes);
  return { path, bytes: own, id: own.indexOf(post.case), authenticator: own.indexOf(post.authenticator) };
}

/** A post that nobody has sent before: another case id (UUIDv7, as browsers make them), another authenticator. */
export function cast(mould: Mould): { id: string; bytes: Buffer } {
  const bytes = Buffer.from(mould.bytes);
  const now = Date.now().toString(16).padStart(12, '0');
  const id = `${now.slice(0, 8)}-${now.slice(8)}-7${randomUUID().slice(15)}`;
  bytes.write(id, mould.id, 'latin1');
  bytes.write(randomBytes(32).toString('base64url'), mould.authenticator, 'latin1');
  return { id, bytes };
}

/** Moulds on their way to another process. */
export type Packed = { readonly path: string; readonly base64: string };

export const pack = (mould: Mould): Packed => ({ path: mould.path, base64: mould.bytes.toString('base64') });
export const unpack = ({ path, base64 }: Packed): Mould => mouldOf(path, Buffer.from(base64, 'base64'));
