/** The public side's script: every custom element its pages use. */
import '../forms/browser/fill.ts';
import '../submissions/browser/receipt.ts';
import '../submissions/browser/send.ts';
