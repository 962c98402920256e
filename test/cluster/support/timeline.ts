/** What scaling looks like over time: rate, lag and replicas, as CSV and as a picture. */

export interface Sample {
  /** Since the beginning. */
  readonly seconds: number;
  /** What the producer was told, records a second. */
  readonly rate: number;
  readonly lag: number;
  /** Asked for: the Deployment's `spec.replicas`. */
  readonly replicas: number;
  /** Of these, ready. */
  readonly ready: number;
}

export const toCsv = (samples: readonly Sample[]): string =>
  [
    'seconds,rate,lag,replicas,ready',
    ...samples.map((it) => [it.seconds, it.rate, it.lag, it.replicas, it.ready].join(',')),
    '',
  ].join('\n');

interface Panel {
  readonly label: string;
  readonly colour: string;
  readonly valueOf: (sample: Sample) => number;
}

const panels: readonly Panel[] = [
  { label: 'records a second', colour: '#2a6fb0', valueOf: ({ rate }) => rate },
  { label: 'lag', colour: '#b3541e', valueOf: ({ lag }) => lag },
  { label: 'replicas', colour: '#2e7d4f', valueOf: ({ replicas }) => replicas },
];

const width = 800;
const panelHeight = 110;
const left = 60;
const gap = 34;

/** One panel below the other, over the same time. */
export function toSvg(samples: readonly Sample[], title: string): string {
  const last = Math.max(1, samples.at(-1)?.seconds ?? 1);
  const x = (seconds: number) => left + (seconds / last) * (width - left - 20);
  const drawn = panels.map((panel, index) => {
    const top = 48 + index * (panelHeight + gap);
    const most = Math.max(1, ...samples.map(panel.valueOf));
    const y = (value: number) => top + panelHeight - (value / most) * panelHeight;
    // Steps: a value holds until the next sample.
    const points = samples.flatMap((sample, i) => {
      const until = samples[i + 1]?.seconds ?? sample.seconds;
      const at = y(panel.valueOf(sample)).toFixed(1);
      return [`${x(sample.seconds).toFixed(1)},${at}`, `${x(until).toFixed(1)},${at}`];
    });
    return [
      `<text x="${left}" y="${top - 7}">${panel.label}</text>`,
      `<text x="${left - 8}" y="${top + 5}" text-anchor="end">${most}</text>`,
      `<text x="${left - 8}" y="${top + panelHeight}" text-anchor="end">0</text>`,
      `<path d="M${left},${top}V${top + panelHeight}H${width - 20}" stroke="#999" fill="none"/>`,
      `<polyline points="${points.join(' ')}" stroke="${panel.colour}" stroke-width="2" fill="none"/>`,
    ].join('\n');
  });
  const height = 48 + panels.length * (panelHeight + gap) + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${left}" y="16" font-weight="bold">${title}</text>`,
    ...drawn,
    `<text x="${width - 20}" y="${height - 8}" text-anchor="end">${Math.round(last)} s</text>`,
    '</svg>',
    '',
  ].join('\n');
}
