/** The desk's script: every custom element its pages use. */
import '../web/browser/no-eval.ts';
import { startComponents } from '../forms/browser/components.ts';
import '../cases/browser/case.ts';
import '../cases/browser/case-list.ts';
import '../grants/browser/approve.ts';
import '../grants/browser/end.ts';
import '../grants/browser/form-key.ts';
import '../grants/browser/fulfil.ts';
import '../grants/browser/propose.ts';
import '../people/browser/confirm.ts';
import '../people/browser/idle.ts';
import '../people/browser/join.ts';
import '../people/browser/own-words.ts';
import '../people/browser/sign-in.ts';

startComponents(document);
