/** Prometheus' text format, as far as sums of named series go. Pure. */

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const sampleShape =
  /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+([+-]?(?:\d[\d.eE+-]*|\.\d[\d.eE+-]*|Inf|NaN))(?:[ \t]+-?\d+)?[ \t]*$/;
const labelShape = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;
/** Longer lines are none of ours. */
const maxLineLength = 4_096;

/** The samples of the series that are asked for; lines that are none are passed over. */
export function parseSamples(text: string, names: ReadonlySet<string>): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line.length > maxLineLength) continue;
    // Most series of a scrape are not ours, and are not looked at further.
    const end = line.search(/[{ \t]/);
    if (end <= 0 || !names.has(line.slice(0, end))) continue;
    const [, name = '', labels = '', number = ''] = sampleShape.exec(line.trimEnd()) ?? [];
    const value = Number(number.replace('Inf', 'Infinity'));
    if (name !== '' && Number.isFinite(value)) {
      samples.push({ name, labels: parseLabels(labels), value });
    }
  }
  return samples;
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  labelShape.lastIndex = 0;
  while (labelShape.lastIndex < text.length) {
    const [, name, value = ''] = labelShape.exec(text) ?? [];
    if (name === undefined) break;
    labels.set(name, value);
  }
  return labels;
}
