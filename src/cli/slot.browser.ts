/** The public side's script: every custom element its pages use. */
import '../conversation/browser/return.ts';
import '../forms/browser/fill.ts';
import '../submissions/browser/send.ts';
