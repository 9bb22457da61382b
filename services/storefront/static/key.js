/** Idempotency keys: random UUIDs (version 4, RFC 9562). */

export function newKey(source = globalThis.crypto) {
  if (typeof source.randomUUID === "function") return source.randomUUID();
  // randomUUID exists in secure contexts only; the shop may be opened over plain http from another machine.
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
