/** As much of fontkit as is used here; its published types know Node's Buffer only, and it runs in browsers as well. */
declare module 'fontkit' {
  type Font = { hasGlyphForCodePoint(codePoint: number): boolean };
  /** @throws for what is no font */
  export function create(file: Uint8Array): Font | { readonly fonts: readonly Font[] };
}
