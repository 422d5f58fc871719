/** The desk's script for letters, apart from the rest: it is large, and few pages need it. */
import '../notices/browser/letters.ts';
