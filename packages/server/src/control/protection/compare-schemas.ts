import { fieldsLetThrough } from '@poorter/engine';
import {
  type CheckedPlace,
  type CheckedPlaces,
  type Compared,
  SchemaComparison,
} from '@poorter/openapi';
import { describedFields } from './compare-fields.ts';
import { compareParts } from './compare-parts.ts';
import type { ApiProtection, OperationProtection } from './protection.ts';
import { type Remark, some } from './weakening.ts';

interface Placed {
  readonly api: ApiProtection;
  readonly operation: OperationProtection;
}

/**
 * Where a schema was and none is any more, what passes although it was refused before, what had to be
 * there, and in what a schema accepts more than the one before it.
 */
export function compareSchemas(placed: Placed, nextPlaced: Placed): Remark[] {
  const [before, after] = [placed.operation, nextPlaced.operation];
  const [old, next] = [before.schemas, after.schemas];
  const remarks: Remark[] = [];
  const lost = old.required.filter((name) => !next.required.includes(name));
  if (lost.length > 0) {
    remarks.push(['validation-loosened', `No longer required: ${some(lost)}.`]);
  }
  if (next.takesAnyQuery && !old.takesAnyQuery) {
    const sentence = 'Undocumented query parameters pass: all, as members of an exploded object.';
    remarks.push(['validation-loosened', sentence]);
  }
  remarks.push(...compareParts(old, next));
  const freed = freedPlaces(old, next).filter((place) => mayArrive(place, after));
  const requests = freed.filter((place) => place.in !== 'answer').map(nameOf);
  if (requests.length > 0) {
    const sentence = `Passes without being held against a schema: ${some(requests)}.`;
    remarks.push(['validation-loosened', sentence]);
  }
  const unread = (old.heldAsJson ?? []).filter((place) => isUnreadIn(next, place)).map(nameOf);
  if (unread.length > 0) {
    const sentence = `JSON passes without being held against a schema: ${some(unread)}.`;
    remarks.push(['validation-loosened', sentence]);
  }
  const answers = freed.filter((place) => place.in === 'answer').map(nameOf);
  if (answers.length > 0 && holdsAnswers(before) && holdsAnswers(after)) {
    const sentence = `Passes without being held against a schema: ${some(answers)}.`;
    remarks.push(['release-loosened', sentence]);
  }
  const loosened = loosenedPlaces(placed, nextPlaced);
  const ofRequests = loosened.filter(({ place }) => place.in !== 'answer');
  if (ofRequests.length > 0) {
    remarks.push(['validation-loosened', `Its schema accepts more: ${told(ofRequests)}.`]);
  }
  const ofAnswers = loosened.filter(({ place }) => place.in === 'answer');
  if (ofAnswers.length > 0 && holdsAnswers(before) && holdsAnswers(after)) {
    remarks.push(['release-loosened', `Its schema accepts more: ${told(ofAnswers)}.`]);
  }
  return remarks;
}

interface Loosened {
  readonly place: CheckedPlace;
  readonly words: readonly string[];
}

function told(loosened: readonly Loosened[]): string {
  return some(loosened.flatMap(({ place, words }) => words.map((one) => `${nameOf(place)}${one}`)));
}

type Schema = CheckedPlaces['schemas'][number];

/** Each schema with those that its values were held against. */
function loosenedPlaces(old: Placed, next: Placed): Loosened[] {
  const [was, is] = [old.operation.schemas, next.operation.schemas];
  // A nearer description than there was, and one that is nearest now that a nearer one is gone.
  const pairs = [
    ...is.schemas.map((schema) => ({ schema, before: nearestSchemas(was, schema) })),
    ...was.schemas.flatMap((place) => {
      const before = was.schemas.filter(sameAs(place));
      const nearest = nearestSchemas(is, place).filter((schema) => !sameAs(place)(schema));
      return nearest.map((schema) => ({ schema, before }));
    }),
  ];
  const loosened = pairs.flatMap(({ schema, before }): Loosened[] => {
    const comparison = comparisonOf(old, next, schema.in !== 'answer');
    const found = before.map(({ shape }) => comparison.loosenings(shape, schema.shape));
    const [first] = found;
    // One of several is enough: values of any of them passed.
    if (first === undefined || found.some(({ length }) => length === 0)) return [];
    const words = first.map(
      ({ pointer, what }) => `${pointer === '' ? '' : ` ${pointer}`}: ${what}`,
    );
    return [{ place: schema, words }];
  });
  return [...loosened, ...newBodies(old, next)];
}

/** Media types that were refused, and whose schema accepts what that of no other one did. */
function newBodies(old: Placed, next: Placed): Loosened[] {
  const [was, is] = [old.operation.schemas, next.operation.schemas];
  const bodies = was.schemas.filter((one) => one.in === 'body');
  if (bodies.length === 0) return [];
  const comparison = comparisonOf(old, next, true);
  return is.schemas.flatMap((schema): Loosened[] => {
    if (schema.in !== 'body' || stateIn(was, schema) !== 'refused') return [];
    const isKnown = bodies.some(
      ({ shape }) => comparison.loosenings(shape, schema.shape).length === 0,
    );
    return isKnown ? [] : [{ place: schema, words: [': another media type'] }];
  });
}

const comparisons = new WeakMap<
  ApiProtection,
  WeakMap<ApiProtection, Map<string, SchemaComparison>>
>();

/** One for all operations of the two: they share schemas. */
function comparisonOf(old: Placed, next: Placed, isRequest: boolean): SchemaComparison {
  const ofOld =
    comparisons.get(old.api) ?? new WeakMap<ApiProtection, Map<string, SchemaComparison>>();
  comparisons.set(old.api, ofOld);
  const ofBoth = ofOld.get(next.api) ?? new Map<string, SchemaComparison>();
  ofOld.set(next.api, ofBoth);
  const [was, is] = [old, next].map(({ api, operation }) => ({
    schemas: api.schemas,
    // Of answers, what nothing documents is cut out or refused.
    isClosed: isRequest ? operation.strictProperties : operation.response !== 'report',
  })) as [Compared, Compared];
  const key = `${was.isClosed} ${is.isClosed}`;
  const known = ofBoth.get(key) ?? new SchemaComparison(was, is);
  ofBoth.set(key, known);
  return known;
}

function nearestSchemas({ schemas }: CheckedPlaces, place: CheckedPlace): readonly Schema[] {
  for (const status of statusesFor(place)) {
    for (const name of namesFor(place)) {
      const here = schemas.filter(
        (one) => one.in === place.in && one.status === status && one.name === name,
      );
      if (here.length > 0) return here;
    }
  }
  return [];
}

function holdsAnswers({ method, mode, response }: OperationProtection): boolean {
  // An answer to HEAD has no content.
  return method !== 'HEAD' && mode === 'enforce' && response !== 'report';
}

function nameOf({ in: where, name, status }: CheckedPlace): string {
  if (where === 'path') return `the path at segment ${name.split('.', 1)[0]}`;
  return [where, status ?? '', name].filter((part) => part !== '').join(' ');
}

function freedPlaces(old: CheckedPlaces, next: CheckedPlaces): CheckedPlace[] {
  const opened = next.unchecked.filter((place) => stateIn(old, place) !== 'unchecked');
  // What has no place of its own any more may have another one that fits it.
  const fallen = old.checked.filter(
    (place) => !next.unchecked.some(sameAs(place)) && stateIn(next, place) === 'unchecked',
  );
  // A fixed segment, or one elsewhere, is no value that was checked.
  return [
    ...opened.filter((place) => place.in !== 'path' || old.checked.some(sameAs(place))),
    ...fallen,
  ];
}

/** Whether nothing at all is read there. */
function isUnreadIn({ checked, unchecked, heldAsJson = [] }: CheckedPlaces, place: CheckedPlace) {
  const isThere = (name: string) => (one: CheckedPlace) => one.in === place.in && one.name === name;
  const name = namesFor(place).find((near) => [...checked, ...unchecked].some(isThere(near)));
  if (name === undefined || !unchecked.some(isThere(name))) return false;
  return !heldAsJson.some(isThere(name));
}

/** What the gate takes out because nobody describes it any more does not pass. */
function mayArrive(place: CheckedPlace, operation: OperationProtection): boolean {
  if (place.in !== 'header') return true;
  return fieldsLetThrough([place.name], describedFields(operation)).length > 0;
}

type State = 'checked' | 'unchecked' | 'refused';

/** What becomes of a value at this place: by the description of it that is nearest. */
function stateIn(places: CheckedPlaces, place: CheckedPlace): State {
  const { checked, unchecked } = places;
  for (const status of statusesFor(place)) {
    const isOfStatus = (one: CheckedPlace) => one.in === place.in && one.status === status;
    const here = { checked: checked.filter(isOfStatus), unchecked: unchecked.filter(isOfStatus) };
    for (const name of namesFor(place)) {
      // Where a type is described with parameters and without, the looser counts.
      if (here.unchecked.some((one) => one.name === name)) return 'unchecked';
      if (here.checked.some((one) => one.name === name)) return 'checked';
    }
    if (here.checked.length + here.unchecked.length > 0 && place.in === 'answer') return 'refused';
  }
  // Fields that nobody describes go on; nothing else does.
  return place.in === 'header' || place.in === 'cookie' ? 'unchecked' : 'refused';
}

/** Exact before range before default. */
function statusesFor({ status }: CheckedPlace): readonly (string | undefined)[] {
  if (status === undefined) return [undefined];
  return [...new Set([status, `${status.slice(0, 1)}XX`, 'default'])];
}

/** A media type with its parameters, without them, and the ranges that hold it. */
function namesFor({ in: where, name }: CheckedPlace): readonly string[] {
  if (where !== 'body' && where !== 'answer') return [name];
  const type = name.split(';', 1)[0] as string;
  return [...new Set([name, type, `${type.split('/', 1)[0]}/*`, '*/*'])];
}

function sameAs({ in: where, name, status }: CheckedPlace) {
  return (one: CheckedPlace) => one.in === where && one.name === name && one.status === status;
}
