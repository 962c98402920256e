/** Lays out JSON text on several lines without touching its values. */

/** Deeper levels are not moved further in: ten thousand brackets would become a hundred MB. */
const maxDepth = 40;

/**
 * The text with line breaks and two blanks for each level. It must be valid JSON. Unlike parsing
 * and writing anew, this shows what was sent: long numbers, repeated names, escapes.
 */
export function indentJson(json: string): string {
  let depth = 0;
  const newLine = () => `\n${'  '.repeat(Math.min(depth, maxDepth))}`;
  return json.replace(token, (found) => {
    switch (found) {
      case '{':
      case '[':
        depth += 1;
        return found + newLine();
      case '}':
      case ']':
        depth -= 1;
        return newLine() + found;
      case ',':
        return found + newLine();
      case ':':
        return ': ';
      default:
        // White space between values goes; strings and empty containers stay as they are.
        return found.trim() === '' ? '' : found.replace(emptyContainer, '$1$2');
    }
  });
}

const token = /"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/g;
const emptyContainer = /^([[{])\s*([\]}])$/;
