/**
 * What an attribute may be called and which characters its value may hold (CloudEvents 1.0.2,
 * "Naming Conventions" and "Type System").
 */

/** Lower-case letters and digits; the length of 20 is advice only ("Naming Conventions"). */
export function isAttributeName(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (!((code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39))) return false;
  }
  return name.length > 0;
}

/**
 * The first character that the type String forbids, as `U+0000`: controls, unpaired surrogates
 * and noncharacters ("Type System").
 */
export function forbiddenCharacter(value: string): string | undefined {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code >= 0x20 && code <= 0x7e) continue;
    const point = value.codePointAt(index) ?? code;
    if (isForbidden(point)) return `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
    if (point > 0xffff) index += 1;
  }
  return undefined;
}

function isForbidden(point: number): boolean {
  if (point <= 0x1f || (point >= 0x7f && point <= 0x9f)) return true;
  // codePointAt gives a surrogate only where it has no partner.
  if (point >= 0xd800 && point <= 0xdfff) return true;
  return (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) === 0xfffe;
}
