/** Numbers below `most`, the same ones every time: a generator after Lehmer (MINSTD). For invented worlds whose truth is known. */
export function chances(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % most;
  };
}
