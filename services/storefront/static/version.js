/**
 * A version's colours. Two hues from the text alone, so that everybody sees the same version in the same colours;
 * lightness and chroma are the stylesheet's, so that every hue is legible in both themes.
 */

/**
 * [main hue, second hue] in degrees. A hash alone would give two versions similar colours now and then, so numbers
 * turn the circle by steps that were searched for: versions that follow each other (1.4.0 and 1.4.1, 1.4.2 and 1.5.0,
 * 1.5.0 and 2.0.0) are at least 45° apart. The second hue tells the few that meet again.
 */
export function huesOf(version) {
  const [, major = 0, minor = 0, patch = 0, rest = version] = NUMBERS.exec(version) ?? [];
  const turned = Number(major) * 222.1 + Number(minor) * 48.2 + Number(patch) * 150.3;
  const main = Math.round(turned + (rest ? hashOf(rest) : 0)) % 360;
  return [main, (main + 60 + (hashOf(`second ${version}`) % 240)) % 360];
}

const NUMBERS = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(.*)$/s;

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
