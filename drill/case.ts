/** What a case of the drill is: a mistake that is really made, what then comes out to whom, and its negative control. */
import type { Database } from '../src/store/store.ts';
import type { World } from './world.ts';

/** Something that came out: to whom, from where, and its bytes (headers included where there are any). */
export type Piece = { readonly as: string; readonly where: string; readonly bytes: Uint8Array };

/** A mistake that stands: what comes out as long as it does, and how it is mended. */
export type Made = {
  /** What was refused when it was tried, in a sentence; null where it could be made. */
  readonly refused: string | null;
  out(): Promise<readonly Piece[]>;
  undo(): Promise<void>;
  /** Where the alarm is raised, if not in the deployment's own database. */
  readonly alarms?: Database;
};

export type Case = {
  readonly n: number;
  /** How it is made, and what stands against it. */
  readonly how: string;
  /**
   * `refused`: it cannot be made, or gives nothing at all to anybody. `noticed`: it is harmless, and alarmed within a minute
   * by an alarm whose kind and words match. `unseen`: harmless, and no program can see it.
   */
  readonly expects:
    | 'refused'
    | { readonly noticed: RegExp; readonly quarantines?: true }
    | { readonly unseen: string };
  make(world: World): Promise<Made>;
  /** With the wall down that stands against it: what comes out, in which something of the submissions must be found. */
  readonly control: { readonly how: string; out(world: World): Promise<readonly Piece[]> };
};

export const NOTHING_TO_UNDO = async (): Promise<void> => undefined;
export const piece = (as: string, where: string, content: string | Uint8Array): Piece => ({
  as,
  where,
  bytes: typeof content === 'string' ? Buffer.from(content) : content,
});

/** Nothing stands open: this is why, and what comes out all the same. */
export const cannotBeMade = (refused: string, out: Made['out']): Made => ({
  refused,
  out,
  undo: NOTHING_TO_UNDO,
});
