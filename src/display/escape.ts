/**
 * Makes text of unknown origin safe to print. Whoever sends an event chooses its values and its
 * payload; printed as they are, they could move the cursor, recolour or reorder what is on the
 * screen, and so show an event that never came.
 *
 * What is escaped: control characters (C0, DEL, C1), format characters (bidirectional overrides,
 * zero width), line and paragraph separators, lone surrogates.
 */

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const unprintableButTab = /[^\P{Cc}\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const asEscape = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
};

/** A value that has to stay on its line. */
export const escapeValue = (text: string): string => text.replace(unprintable, asEscape);

/** Lines of a text that may have several; each of them stays one line. */
export const escapeLines = (text: string): string[] =>
  text.split(/\r?\n/).map((line) => line.replace(unprintableButTab, asEscape));
