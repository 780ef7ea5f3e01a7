import type { Metric } from '../../platform/metrics/index.ts';

/** By issuer and outcome: as many as the configurations of years have. */
const SERIES_MAX = 1_000;

/** What came of asking about opaque tokens, since this gateway began. */
export class IntrospectionCounts {
  readonly #counts = new Map<string, { issuer: string; outcome: string; value: number }>();

  get metrics(): readonly Metric[] {
    const values = [...this.#counts.values()].map(({ value, ...labels }) => ({ value, labels }));
    const help =
      'Opaque tokens that no thread knew anything of, by issuer and what came of asking.';
    const name = 'poorter_introspections_total';
    return [{ name, help, type: 'counter', aggregator: 'sum', values }];
  }

  count(issuer: string, outcome: string): void {
    const key = `${outcome} ${issuer}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.value += 1;
    else if (this.#counts.size < SERIES_MAX) this.#counts.set(key, { issuer, outcome, value: 1 });
  }
}
