import { type DirectoryGroup, type GroupWish, MEMBERS_MAX } from '../../access/accounts/index.ts';
import type { Resource } from './filter.ts';
import { checkSchemas, isObject, memberOf, metaOf, textOf } from './resource-values.ts';
import { refuse } from './scim-error.ts';
import { GROUP_SCHEMA } from './scim-schema.ts';

/** RFC 7643 §4.2. Throws ScimError. */
export function readGroup(resource: Resource): GroupWish {
  checkSchemas(resource, GROUP_SCHEMA);
  const displayName = textOf(resource, 'displayName');
  if (displayName === null) throw refuse('invalidValue', 'displayName: a text was expected');
  const externalId = textOf(resource, 'externalId');
  return { displayName, externalId, members: readMembers(resource) };
}

/** `members` null: they were not asked for. */
export function shownGroup(
  { id, displayName, externalId, createdAt, changedAt, version }: DirectoryGroup,
  members: readonly string[] | null,
  base: string,
): Resource {
  const location = `${base}/Groups/${id}`;
  return {
    ...{ schemas: [GROUP_SCHEMA.id], id },
    ...(externalId !== null && { externalId }),
    displayName,
    ...(members !== null &&
      members.length > 0 && {
        members: members.map((value) => ({ value, $ref: `${base}/Users/${value}`, type: 'User' })),
      }),
    meta: metaOf('Group', location, { createdAt, changedAt, version }),
  };
}

function readMembers(resource: Resource): string[] {
  const given = memberOf(resource, 'members') ?? [];
  const list = Array.isArray(given) ? given : [given];
  if (list.length > MEMBERS_MAX) {
    throw refuse('tooMany', `members: at most ${MEMBERS_MAX} were expected`);
  }
  const members = list.map((one) => {
    const value = isObject(one) ? textOf(one, 'value') : null;
    if (value === null) throw refuse('invalidValue', 'members: ids of users were expected');
    const type = isObject(one) ? textOf(one, 'type') : null;
    if (type !== null && type.toLowerCase() !== 'user') {
      throw refuse('invalidValue', 'members: users were expected, and no groups');
    }
    return value;
  });
  return [...new Set(members)];
}
