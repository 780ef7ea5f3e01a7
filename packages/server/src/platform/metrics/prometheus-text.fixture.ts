import assert from 'node:assert/strict';

export interface ReadFamily {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly ReadSample[];
}

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (NaN|[+-]Inf|-?\\d[\\d.e+-]*)$`, 's');

/**
 * Reads the text form 0.0.4 as strictly as its rules are written, and holds it to what OpenMetrics asks for
 * besides: a counter ends with _total, buckets rise, and +Inf is the count.
 */
export function readPrometheusText(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith('\n'), 'the last line ends, too');
  const families = new Map<string, { help: string; type: string; samples: ReadSample[] }>();
  let current = '';
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const [, comment, name = '', rest = ''] =
      new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`, 's').exec(line) ?? [];
    if (comment === 'HELP') {
      assert.equal(families.has(name), false, `${name} has one help, and stands in one piece`);
      assert.match(rest, /^(?:[^\\]|\\[\\n])*$/, 'only \\\\ and \\n are escapes of a help');
      families.set(name, { help: rest, type: '', samples: [] });
      current = name;
      continue;
    }
    const family = families.get(current);
    assert.ok(family !== undefined, `a help stands before ${line}`);
    if (comment === 'TYPE') {
      assert.equal(name, current, line);
      assert.equal(family.type, '', `${name} has one type, before its samples`);
      assert.match(rest, /^(?:counter|gauge|histogram)$/);
      if (rest === 'counter') assert.match(name, /_total$/);
      family.type = rest;
      continue;
    }
    const [, series = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    assert.notEqual(series, '', `not a sample: ${line}`);
    const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    assert.ok(
      suffixes.some((suffix) => series === current + suffix),
      `${series} within ${current}`,
    );
    const read = readLabels(labels);
    const identity = `${series} ${JSON.stringify(Object.entries(read).sort())}`;
    assert.equal(seen.has(identity), false, `twice: ${identity}`);
    seen.add(identity);
    family.samples.push({
      name: series,
      labels: read,
      value: Number(value.replace('Inf', 'Infinity')),
    });
  }
  for (const [name, family] of families) {
    assert.notEqual(family.type, '', `${name} has a type`);
    if (family.type === 'histogram') holdHistogram(name, family);
  }
  return families;
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
  for (label.lastIndex = 0; label.lastIndex < text.length; ) {
    const found = label.exec(text);
    assert.ok(found !== null, `labels: ${text}`);
    const [, name = '', value = ''] = found;
    assert.equal(name in labels, false, `${name} twice`);
    labels[name] = value.replace(/\\(.)/g, (_, one) => (one === 'n' ? '\n' : one));
  }
  return labels;
}

function holdHistogram(name: string, { samples }: ReadFamily): void {
  const without = ({ le: _, ...labels }: Readonly<Record<string, string>>) =>
    JSON.stringify(labels);
  for (const [labels, group] of Map.groupBy(samples, (one) => without(one.labels))) {
    const buckets = group.filter((one) => one.name === `${name}_bucket`);
    const bounds = buckets.map((one) =>
      Number((one.labels['le'] as string).replace('Inf', 'Infinity')),
    );
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name} ${labels}`,
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name} ${labels}`);
    const counts = buckets.map((one) => one.value);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name} ${labels}`,
    );
    const count = group.find((one) => one.name === `${name}_count`)?.value;
    assert.equal(counts.at(-1), count, `${name} ${labels}`);
  }
}
