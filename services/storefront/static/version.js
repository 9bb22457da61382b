/**
 * A version's colours. Two hues from the text alone, so that everybody sees the same version in the same colours;
 * lightness and chroma are the stylesheet's, so that every hue is legible in both themes.
 */

const GOLDEN_ANGLE = 137.508; // neighbouring numbers land far apart on the circle

/** [main hue, second hue] in degrees. 1.4.0 and 1.4.1 differ by 137°, other text by its hash. */
export function huesOf(version) {
  const [, major, minor, patch, rest] = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(.*)$/s.exec(version) ?? [];
  const number = major === undefined ? 0 : Number(major) * 31 + Number(minor) * 7 + Number(patch ?? 0);
  const words = major === undefined ? version : rest;
  const main = (number * GOLDEN_ANGLE + (words ? hashOf(words) % 360 : 0)) % 360;
  const second = main + 60 + (hashOf(`second ${version}`) % 240);
  return [Math.round(main) % 360, Math.round(second) % 360];
}

/** Give `element` and what is in it the colours of `version`. */
export function paint(element, version) {
  const [main, second] = huesOf(version);
  element.style.setProperty("--version-chroma", "0.13");
  element.style.setProperty("--version-hue", String(main));
  element.style.setProperty("--version-hue-2", String(second));
}

/** A badge: the version as text, in its colours. */
export function showVersion(badge, version) {
  badge.textContent = version;
  paint(badge, version);
}

/** FNV-1a, 32 bits, with murmur's last mix: short texts that differ in one letter end far apart. */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
