/** Whether a host name is this machine itself, where nobody else listens. `[::1]` is how addresses write `::1`. */
export function isLoopback(host: string): boolean {
  return /^(localhost|.*\.localhost|\[?::1\]?|127(\.\d+){3})$/.test(host);
}
