import type {
  DirectoryPerson,
  DirectoryUser,
  Membership,
  PersonAddress,
} from '../../access/accounts/index.ts';
import type { Resource } from './filter.ts';
import {
  booleanOf,
  checkSchemas,
  isObject,
  memberOf,
  metaOf,
  named,
  textOf,
} from './resource-values.ts';
import { refuse } from './scim-error.ts';
import { type Attribute, attributeOf, USER_SCHEMA } from './scim-schema.ts';

const ADDRESSES_MAX = 20;
const ADDRESS = /^[^\p{Cc}\s@]+@[^\p{Cc}\s@]+$/u;
const ADDRESS_LENGTH_MAX = 254;

/** RFC 7643 §4.1. `isActive`: where it does not say. What is not kept here is passed over. Throws ScimError. */
export function readUser(resource: Resource, isActive: boolean): DirectoryPerson {
  checkSchemas(resource, USER_SCHEMA);
  const userName = textOf(resource, 'userName');
  if (userName === null) throw refuse('invalidValue', 'userName: a text was expected');
  const name = memberOf(resource, 'name') ?? {};
  if (!isObject(name)) throw refuse('invalidValue', 'name: an object was expected');
  return {
    ...{ userName, externalId: textOf(resource, 'externalId') },
    name: {
      formatted: textOf(name, 'formatted'),
      givenName: textOf(name, 'givenName'),
      familyName: textOf(name, 'familyName'),
    },
    ...{ displayName: textOf(resource, 'displayName'), emails: readAddresses(resource) },
    preferredLanguage: textOf(resource, 'preferredLanguage'),
    isActive: booleanOf(resource, 'active') ?? isActive,
  };
}

/** What is said of somebody, as it is asked for and shown. */
export function shownUser(
  { id, said, createdAt, changedAt, version }: DirectoryUser,
  groups: readonly Membership[],
  base: string,
): Resource {
  const { userName, externalId, name, displayName, emails, preferredLanguage, isActive } = said;
  const location = `${base}/Users/${id}`;
  const parts = present({ ...name });
  return {
    ...{ schemas: [USER_SCHEMA.id], id },
    ...present({ externalId, userName, displayName, preferredLanguage }),
    ...(Object.keys(parts).length > 0 && { name: parts }),
    ...(emails.length > 0 && {
      emails: emails.map(({ value, type, isPrimary }) =>
        present({ value, type, primary: isPrimary || null }),
      ),
    }),
    active: isActive,
    ...(groups.length > 0 && {
      groups: groups.map((group) => ({
        ...{ value: group.id, $ref: `${base}/Groups/${group.id}` },
        ...{ display: group.displayName, type: 'direct' },
      })),
    }),
    meta: metaOf('User', location, { createdAt, changedAt, version }),
  };
}

function readAddresses(resource: Resource): PersonAddress[] {
  const given = memberOf(resource, 'emails') ?? [];
  const list = Array.isArray(given) ? given : [given];
  if (list.length > ADDRESSES_MAX) {
    throw refuse('invalidValue', `emails: at most ${ADDRESSES_MAX} were expected`);
  }
  const attribute = attributeOf(USER_SCHEMA.attributes, 'emails') as Attribute;
  const read = list.flatMap((one) => {
    const parts = typeof one === 'string' ? { value: one } : one;
    if (!isObject(parts)) throw refuse('invalidValue', 'emails: objects were expected');
    const known = named(parts, attribute);
    const value = textOf(known, 'value');
    if (value === null) return [];
    if (!ADDRESS.test(value) || value.length > ADDRESS_LENGTH_MAX) {
      throw refuse('invalidValue', 'emails: an address was expected, such as name@example.org');
    }
    const isPrimary = booleanOf(known, 'primary') ?? false;
    return [{ value, type: textOf(known, 'type'), isPrimary }];
  });
  // RFC 7644 §3.5.2: whichever was made primary last is the only one.
  const primary = read.findLastIndex(({ isPrimary }) => isPrimary);
  return read.map((one, index) => ({ ...one, isPrimary: index === primary }));
}

/** RFC 7643 §2.5: what is not there is not said. */
function present(parts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== null));
}
