import { Buffer } from 'node:buffer';
import { trimBlanks } from '../../header-fields/blanks.ts';
import { type HeaderFields, isListBased } from '../../header-fields/header-fields.ts';
import { type JsonValue, readJson } from '../../json/index.ts';
import type { Validator } from '../../json-schema/types.ts';
import type { HeaderPlan, Style } from '../plan.ts';
import type { MessageViolation } from '../types.ts';
import { Draft } from './draft.ts';
import { explained } from './expected.ts';
import { decodeHeader, decodePercent, FIELD_BOUNDS, readingsOf } from './lexemes.ts';
import { divide, type Pieces } from './pieces.ts';
import { buildValue, kindsIn, type Refusal } from './read-field.ts';
import { judgedEachWay, settled } from './settled.ts';
import { styleInWords } from './style-words.ts';

/** A documented header, of a request or of an answer. */
export class HeaderField {
  /** Lower-case. */
  readonly name: string;
  readonly #plan: HeaderPlan;
  readonly #validator: Validator | null;
  readonly #isOfAnswer: boolean;

  constructor(
    plan: HeaderPlan,
    validator: Validator | null,
    options: { readonly isOfAnswer?: boolean } = {},
  ) {
    this.#isOfAnswer = options.isOfAnswer ?? false;
    this.name = plan.name.toLowerCase();
    this.#plan = plan;
    this.#validator = validator;
  }

  check(headers: HeaderFields, strict: boolean): MessageViolation[] {
    const values = headers.all(this.name);
    if (values.length === 0) return this.#plan.required ? [this.#violation('required')] : [];
    // RFC 6265 §3: the one field that repeats without being a list.
    if (this.name === 'set-cookie')
      return values.flatMap((value) => this.#checkOne([value], strict));
    // Requests come joined already; answers are checked as they are.
    const isList = values.length > 1 && isListBased(this.name);
    return this.#checkOne(isList ? [values.join(', ')] : values, strict);
  }

  #checkOne(values: readonly string[], strict: boolean): MessageViolation[] {
    const place = { in: 'header', name: this.#plan.name } as const;
    const judge = (draft: Draft) => {
      const read = this.#read(values, draft);
      if ('rule' in read) return [explained({ ...place, ...read })];
      if (this.#validator === null) return [];
      draft.putTop(read.readings);
      return settled('header', this.#plan.name, draft, this.#validator, strict);
    };
    // A service attacks nobody with what it answers.
    return this.#isOfAnswer ? judge(new Draft()) : [...judgedEachWay(place, judge)];
  }

  #read(values: readonly string[], draft: Draft): { readings: readonly JsonValue[] } | Refusal {
    const { serialization, shape, name } = this.#plan;
    if (serialization.kind === 'content') return this.#readContent(values, serialization.json);
    const readings: JsonValue[] = [];
    let refusal: Refusal | undefined;
    // Not percent-decoded, but by those who expand it as RFC 6570 has it.
    const decode = draft.isDividedOtherwise ? decodePercent : decodeHeader;
    for (const kind of kindsIn(shape, draft)) {
      if (kind === 'text' && values.length > 1) {
        refusal ??= { rule: 'duplicate', pointer: '' };
        continue;
      }
      // RFC 9110 §5.3: repeated fields and one list mean the same.
      const divided = divide(values.join(','), kind, name, serialization, decode, draft, '');
      const built =
        divided.pieces === undefined
          ? this.#otherStyle(serialization)
          : buildValue(withoutBlanks(divided.pieces), shape, divided.decode, draft, '');
      if ('rule' in built) refusal ??= built;
      else readings.push(...built.readings);
    }
    return readings.length > 0 ? { readings } : (refusal ?? this.#otherStyle(serialization));
  }

  #readContent(
    values: readonly string[],
    isJson: boolean,
  ): { readings: readonly JsonValue[] } | Refusal {
    if (values.length > 1) return { rule: 'duplicate', pointer: '' };
    const text = values[0] as string;
    if (!isJson) return { readings: readingsOf(text, this.#plan.shape) };
    // Header values arrive as one character a byte.
    const reading = readJson(Buffer.from(text, 'latin1'), FIELD_BOUNDS);
    if (reading.ok) return { readings: [reading.value] };
    return { rule: `json-${reading.problem.rule}`, pointer: reading.problem.pointer };
  }

  #otherStyle(serialization: { readonly style: Style; readonly explode: boolean }): Refusal {
    const expected = styleInWords({ ...this.#plan, ...serialization });
    return { rule: 'style', pointer: '', expected };
  }

  #violation(rule: string): MessageViolation {
    return explained({ in: 'header', name: this.#plan.name, pointer: '', rule });
  }
}

function withoutBlanks(pieces: Pieces): Pieces {
  switch (pieces.kind) {
    case 'text':
      return { kind: 'text', text: trimBlanks(pieces.text) };
    case 'list':
      return { kind: 'list', items: pieces.items.map(trimBlanks) };
    case 'map':
      return {
        kind: 'map',
        members: pieces.members.map(([key, value]) => [trimBlanks(key), trimBlanks(value)]),
      };
    default:
      return pieces satisfies never;
  }
}
