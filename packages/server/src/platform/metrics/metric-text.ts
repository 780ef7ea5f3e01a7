import type { MetricFamily, Sample } from './summed-metrics.ts';

/** A family of one series without labels, or of these. */
export function family(
  name: string,
  type: MetricFamily['type'],
  help: string,
  values: number | readonly Sample[],
): MetricFamily {
  return {
    ...{ name, type, help },
    values: typeof values === 'number' ? [{ value: values, labels: {} }] : values,
  };
}

export const flag = (isSo: boolean): number => (isSo ? 1 : 0);

/**
 * The text form of Prometheus, version 0.0.4. Each family stands in one piece, with its help and its kind
 * once before it, whoever adds to it and in whatever order.
 */
export class MetricText {
  readonly #families = new Map<string, { readonly head: string; readonly lines: string[] }>();

  /** `common`: labels of every series, before its own. */
  add({ name, help, type, values }: MetricFamily, common: Sample['labels'] = {}): void {
    const known = this.#families.get(name) ?? {
      head: `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`,
      lines: [],
    };
    this.#families.set(name, known);
    const before = labelsOf(common);
    for (const { metricName = name, labels, value } of values) {
      const own = labelsOf(labels);
      const all = before !== '' && own !== '' ? `${before},${own}` : before + own;
      known.lines.push(`${metricName}${all === '' ? '' : `{${all}}`} ${numberText(value)}\n`);
    }
  }

  toString(): string {
    return [...this.#families.values()].map(({ head, lines }) => head + lines.join('')).join('');
  }
}

function labelsOf(labels: Sample['labels']): string {
  return Object.entries(labels)
    .map(([label, text]) => `${label}="${escapedLabel(String(text))}"`)
    .join(',');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapedLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function escapedHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}
