/** How a reason quotes what was found: escaped and short, since the sender chooses it. */

const maxLength = 60;

/** The text cut to 60 characters. */
export const shorten = (text: string): string =>
  text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;

/** The shortened text in quotes, with control characters and lone surrogates escaped. */
export const quote = (text: string): string => JSON.stringify(shorten(text));
