import type { MediaPlan, OperationPlan, ParameterPlan } from '../plan.ts';
import { FieldNames } from './field-names.ts';
import { FieldSet } from './field-set.ts';
import { propertiesOf, type Refusal } from './read-field.ts';

/** A described name, and where it is described. */
export interface OtherPlace {
  readonly in: 'query' | 'path' | 'body';
  readonly name: string;
}

/**
 * Names of the parameters of one operation, as its body may take their place: Go, PHP, servlets and Spring read a
 * form's fields and the query as one, ASP.NET and beans of Spring a form's before the path; Rails and Laravel
 * read members of JSON before the query.
 */
export class ParameterNames {
  readonly #query: FieldNames | undefined;
  readonly #path: FieldNames | undefined;

  constructor({ parameters, template }: OperationPlan) {
    const query = parameters.filter((plan) => plan.in === 'query');
    if (query.length > 0) this.#query = new FieldSet(query.map(asField)).names;
    const path = template.flatMap((segment) => ('names' in segment ? segment.names : []));
    if (path.length > 0) this.#path = new FieldNames(path);
  }

  get isEmpty(): boolean {
    return this.#query === undefined && this.#path === undefined;
  }

  ofField(name: string): OtherPlace | undefined {
    const query = this.#query?.meantBy(name, true);
    if (query !== undefined) return { in: 'query', name: query };
    // `photo[id]` beside `/users/{id}` is the id of a photo.
    const path = this.#path?.meantBy(name, false);
    return path === undefined ? undefined : { in: 'path', name: path };
  }

  /** An `id` in JSON beside `/users/{id}` is common, and no service takes it for that of the path. */
  ofMember(name: string): OtherPlace | undefined {
    const query = this.#query?.meantBy(name, false);
    return query === undefined ? undefined : { in: 'query', name: query };
  }
}

/** The same the other way: what a query carries undescribed may be read in place of a field of the body, or of the path. */
export class BodyNames {
  readonly #fields: FieldNames;
  readonly #members: FieldNames;
  readonly #path: FieldNames;

  constructor({ body, template }: OperationPlan) {
    const content = body?.content ?? [];
    const isForm = ({ range }: MediaPlan) =>
      /^(?:\*|multipart)\/|urlencoded|^application\/\*/.test(range);
    this.#fields = new FieldNames(content.filter(isForm).flatMap(fieldsOf));
    this.#members = new FieldNames(content.filter((plan) => !isForm(plan)).flatMap(fieldsOf));
    this.#path = new FieldNames(
      template.flatMap((segment) => ('names' in segment ? segment.names : [])),
    );
  }

  ofQuery(name: string): OtherPlace | undefined {
    const field = this.#fields.meantBy(name, true) ?? this.#members.meantBy(name, false);
    if (field !== undefined) return { in: 'body', name: field };
    const path = this.#path.meantBy(name, false);
    return path === undefined ? undefined : { in: 'path', name: path };
  }
}

function fieldsOf({ shape, encoding }: MediaPlan): string[] {
  if (shape === undefined) return [];
  const properties = propertiesOf(shape);
  const spread = (encoding ?? []).filter(
    ([, { style }]) => style?.style === 'form' && style.explode,
  );
  const members = spread.flatMap(([name]) => {
    const property = properties.get(name);
    return property === undefined ? [] : [...propertiesOf(property).keys()];
  });
  return [...properties.keys(), ...members];
}

function asField({ name, shape, serialization }: ParameterPlan) {
  return serialization.kind === 'style'
    ? { name, shape, content: null, style: serialization.style, explode: serialization.explode }
    : { name, shape, content: 'text' as const, style: 'form' as const, explode: false };
}

/** Whose place an undescribed name must not take, in words of the description alone. */
export function refusalBeside(
  { in: place, name }: OtherPlace,
  elsewhere: 'body' | 'query',
): Refusal {
  const what = { query: 'query parameter', path: 'path parameter', body: 'field of the body' }[
    place
  ];
  const expected = `the ${what} ${JSON.stringify(name)} in its own place alone, and nothing undescribed in the ${elsewhere} that some services read as it`;
  return { rule: 'look-alike', pointer: '', expected };
}
