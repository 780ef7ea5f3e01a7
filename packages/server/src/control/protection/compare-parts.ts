import type { CheckedPlaces } from '@poorter/openapi';
import { type Remark, some } from './weakening.ts';

/** What `encoding` asks of the parts of a form: their media types, and fields that they must have. */
export function compareParts(old: CheckedPlaces, next: CheckedPlaces): Remark[] {
  const bodies = new Set(
    [...next.checked, ...next.unchecked]
      .filter((place) => place.in === 'body')
      .map(({ name }) => name),
  );
  return old.parts
    .filter(({ body }) => bodies.has(body))
    .flatMap((rule): Remark[] => {
      const now = next.parts.filter(({ body, name }) => body === rule.body && name === rule.name);
      const place = `body ${rule.body} part ${rule.name}`;
      const types = newTypes(rule, now);
      const lost = rule.headers.filter(
        (field) => now.length === 0 || now.some(({ headers }) => !headers.includes(field)),
      );
      return [
        ...(types === null ? [] : [say(`Parts of other types pass: ${place}: ${types}.`)]),
        ...(lost.length > 0 ? [say(`No longer required: ${place} header ${some(lost)}.`)] : []),
      ];
    });
}

type Rule = CheckedPlaces['parts'][number];

function newTypes({ types }: Rule, now: readonly Rule[]): string | null {
  if (types === null) return null;
  if (now.length === 0 || now.some((rule) => rule.types === null)) {
    return `contentType gone, was ${some(types)}`;
  }
  const more = now.flatMap((rule) => rule.types ?? []).filter((type) => !isWithin(type, types));
  return more.length === 0 ? null : some(more);
}

function isWithin(type: string, ranges: readonly string[]): boolean {
  const family = `${type.split('/', 1)[0]}/*`;
  return [type, family, '*/*'].some((range) => ranges.includes(range));
}

function say(sentence: string): Remark {
  return ['validation-loosened', sentence];
}
