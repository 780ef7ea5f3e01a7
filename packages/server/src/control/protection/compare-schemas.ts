import type { CheckedPlace, CheckedPlaces } from '@poorter/engine';
import type { OperationProtection } from './protection.ts';
import { type Remark, some } from './weakening.ts';

/**
 * Which of two schemas accepts more is not decided. Decided is where one was and none is any more, what
 * passes although it was refused before, and what had to be there.
 */
export function compareSchemas(before: OperationProtection, after: OperationProtection): Remark[] {
  const [old, next] = [before.schemas, after.schemas];
  const remarks: Remark[] = [];
  const lost = old.required.filter((name) => !next.required.includes(name));
  if (lost.length > 0) {
    remarks.push(['validation-loosened', `No longer required: ${some(lost)}.`]);
  }
  const freed = freedPlaces(old, next);
  const requests = freed.filter((place) => place.in !== 'answer').map(nameOf);
  if (requests.length > 0) {
    const sentence = `Passes without being held against a schema: ${some(requests)}.`;
    remarks.push(['validation-loosened', sentence]);
  }
  const answers = freed.filter((place) => place.in === 'answer').map(nameOf);
  if (answers.length > 0 && holdsAnswers(before) && holdsAnswers(after)) {
    const sentence = `Passes without being held against a schema: ${some(answers)}.`;
    remarks.push(['release-loosened', sentence]);
  }
  return remarks;
}

function holdsAnswers({ mode, response }: OperationProtection): boolean {
  return mode === 'enforce' && response !== 'report';
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
