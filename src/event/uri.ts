/**
 * Which kind of URI reference a text is (RFC 3986 §4.1, appendix A).
 *
 * Written as scans, not as one expression: an attribute of a structured event may be megabytes
 * long, and a scan takes one pass whatever stands in it.
 */

export type UriKind = 'absolute' | 'relative';

const unreservedAndReserved =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=";
const isUriCharacter = new Uint8Array(128);
for (const character of unreservedAndReserved) isUriCharacter[character.charCodeAt(0)] = 1;

/** 'absolute' where there is a scheme, 'relative' where not, undefined where it is no URI. */
export function uriKind(text: string): UriKind | undefined {
  if (!hasOnlyUriCharacters(text)) return undefined;
  if (text.indexOf('#') !== text.lastIndexOf('#')) return undefined;
  // A colon before all of these ends a scheme; the first segment of a relative path has none.
  const delimiter = text.search(/[:/?#]/);
  if (text.charCodeAt(delimiter) !== 0x3a) return hierarchyFits(text) ? 'relative' : undefined;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*$/.test(text.slice(0, delimiter))) return undefined;
  return hierarchyFits(text.slice(delimiter + 1)) ? 'absolute' : undefined;
}

function hasOnlyUriCharacters(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x25) {
      if (!(isHex(text.charCodeAt(index + 1)) && isHex(text.charCodeAt(index + 2)))) return false;
      index += 2;
    } else if (isUriCharacter[code] !== 1) {
      return false;
    }
  }
  return true;
}

const isHex = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0x41 && code <= 0x46) ||
  (code >= 0x61 && code <= 0x66);

/** Square brackets stand around an IP literal only; a port has digits only (RFC 3986 §3.2). */
function hierarchyFits(hierarchy: string): boolean {
  if (!hierarchy.startsWith('//')) return !/[[\]]/.test(hierarchy);
  const end = hierarchy.slice(2).search(/[/?#]/);
  const authority = end === -1 ? hierarchy.slice(2) : hierarchy.slice(2, end + 2);
  const at = authority.indexOf('@');
  const elsewhere = hierarchy.slice(authority.length + 2) + authority.slice(0, at + 1);
  return !/[[\]]/.test(elsewhere) && isHostAndPort(authority.slice(at + 1));
}

const isHostAndPort = (text: string): boolean =>
  /^(?:\[[0-9A-Fa-f:.]+\]|\[[vV][0-9A-Fa-f]+\.[^@[\]]+\]|[^@:[\]]*)(?::[0-9]*)?$/.test(text);
