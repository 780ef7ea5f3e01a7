import { type Filter, parseFilter } from './attribute-path.ts';
import { type Chosen, chosenOf, chosenParts } from './chosen-attributes.ts';
import { RESULTS_MAX } from './discovery.ts';
import { compileFilter, type Lookup, lookupsOf, type Resource } from './filter.ts';
import type { Answered } from './scim-call.ts';
import { refuse } from './scim-error.ts';
import type { ResourceSchema } from './scim-schema.ts';

/** Where resources of one kind, of one directory, are found. */
export interface Shelf<Item> {
  readonly schema: ResourceSchema;
  /** Undefined: nothing is found by this. */
  readonly lookup: (by: Lookup) => Promise<readonly Item[]> | undefined;
  readonly count: () => Promise<number>;
  /** Oldest first. */
  readonly page: (offset: number, limit: number) => Promise<readonly Item[]>;
  /** As they are asked about and shown. */
  readonly shown: (
    items: readonly Item[],
    chosen: Chosen,
    filter: Filter | null,
  ) => Promise<Resource[]>;
}

/** Of a name that one has at most. */
export async function orNone<Item>(found: Promise<Item | undefined>): Promise<Item[]> {
  return [await found].filter((one) => one !== undefined);
}

const RESULTS = 100;
/** Looked through for one answer. */
const LOOKED_THROUGH_MAX = 10_000;
const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** RFC 7644 §3.4.2. Throws ScimError. */
export async function list<Item>(shelf: Shelf<Item>, query: URLSearchParams): Promise<Answered> {
  const chosen = chosenOf(query);
  const startIndex = Math.max(1, numberOf(query, 'startIndex', 1));
  const count = Math.min(Math.max(0, numberOf(query, 'count', RESULTS)), RESULTS_MAX);
  const text = query.get('filter');
  const { total, resources } =
    text === null || text.trim() === ''
      ? await unfiltered(shelf, { startIndex, count, chosen })
      : await filtered(shelf, parseFilter(text), { startIndex, count, chosen });
  return {
    status: 200,
    body: {
      schemas: [LIST_SCHEMA],
      ...{ totalResults: total, startIndex, itemsPerPage: resources.length },
      Resources: resources.map((resource) => chosenParts(resource, chosen, shelf.schema)),
    },
  };
}

interface Wish {
  readonly startIndex: number;
  readonly count: number;
  readonly chosen: Chosen;
}

async function unfiltered<Item>(shelf: Shelf<Item>, { startIndex, count, chosen }: Wish) {
  const total = await shelf.count();
  const items = count === 0 ? [] : await shelf.page(startIndex - 1, count);
  return { total, resources: await shelf.shown(items, chosen, null) };
}

async function filtered<Item>(
  shelf: Shelf<Item>,
  filter: Filter,
  { startIndex, count, chosen }: Wish,
) {
  const passes = compileFilter(filter, shelf.schema);
  const found: Resource[] = [];
  for await (const items of candidates(shelf, filter)) {
    const resources = await shelf.shown(items, chosen, filter);
    found.push(...resources.filter(passes));
  }
  return { total: found.length, resources: found.slice(startIndex - 1, startIndex - 1 + count) };
}

/** By a name that is kept as such, where the filter has one; or all, in portions. */
async function* candidates<Item>(shelf: Shelf<Item>, filter: Filter) {
  for (const by of lookupsOf(filter, shelf.schema)) {
    const found = shelf.lookup(by);
    if (found === undefined) continue;
    yield await found;
    return;
  }
  if ((await shelf.count()) > LOOKED_THROUGH_MAX) {
    const message =
      'the filter looks through more than there may be: ask by userName or externalId';
    throw refuse('tooMany', message);
  }
  for (let offset = 0; offset < LOOKED_THROUGH_MAX; offset += RESULTS_MAX) {
    const items = await shelf.page(offset, RESULTS_MAX);
    yield items;
    if (items.length < RESULTS_MAX) return;
  }
}

function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null || text === '') return otherwise;
  if (!/^[+-]?\d{1,15}$/.test(text)) throw refuse('invalidValue', `${name}: a number was expected`);
  return Number(text);
}
