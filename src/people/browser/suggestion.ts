/** A passphrase to take: made here, so that the server never knew it. */
const WORDS = `
amber anchor apple arrow autumn badge barley basket beacon bench bicycle blanket bottle bridge
bronze brook bucket button cable candle canyon carpet castle cedar chalk cherry circle cliff clover
copper cotton cradle crane crystal daisy dinner dolphin drawer eagle ember engine fabric falcon
feather fiddle forest fossil garden ginger glacier granite guitar hammer harbour harvest hazel
helmet honey island ivory jacket jigsaw kettle kitchen ladder lantern lemon lighthouse linen lobster
magnet maple marble meadow mirror mountain napkin needle nettle nickel oak ocean olive orchard otter
oyster paddle paper parcel pebble pepper pigeon pillow planet pocket poplar quarry quilt rabbit
raven ribbon river rocket saddle salmon satchel shadow silver sparrow spruce stable statue summer
sunset teapot thistle thunder ticket timber tractor tulip tunnel umbrella valley velvet village
violet walnut water willow window winter yellow zebra
`
  .trim()
  .split(/\s+/);

/** Six random words of 134 and four digits: 55 bits before OPAQUE's own stretching. */
export function suggestedPassphrase(): string {
  const words = Array.from({ length: 6 }, () => WORDS[below(WORDS.length)]);
  return `${words.join(' ')} ${String(below(10_000)).padStart(4, '0')}`;
}

/** A random number below `limit`, each as likely as any other. */
function below(limit: number): number {
  const range = Math.floor(2 ** 32 / limit) * limit;
  for (;;) {
    const [drawn = range] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < range) return drawn % limit;
  }
}
