import type { Resource } from './filter.ts';
import type { Answered, Asked } from './scim-call.ts';
import { notHere, ScimError } from './scim-error.ts';
import { type Attribute, GROUP_SCHEMA, type ResourceSchema, USER_SCHEMA } from './scim-schema.ts';

export const RESULTS_MAX = 200;
const SCHEMAS: readonly ResourceSchema[] = [USER_SCHEMA, GROUP_SCHEMA];

/** RFC 7643 §5. */
function serviceProviderConfig(base: string): Resource {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: RESULTS_MAX },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        ...{ type: 'oauthbearertoken', name: 'Bearer token', primary: true },
        description: 'A token of the directory, in Authorization: Bearer (RFC 6750).',
      },
    ],
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${base}/ServiceProviderConfig`,
    },
  };
}

/** RFC 7643 §6. */
function resourceTypes(base: string): Resource[] {
  return SCHEMAS.map(({ id, name, endpoint, description }) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    ...{ id: name, name, endpoint, description, schema: id },
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  }));
}

/** RFC 7643 §7. */
function schemas(base: string): Resource[] {
  return SCHEMAS.map(({ id, name, description, attributes }) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    ...{ id, name, description },
    // Those of every resource are described by RFC 7643 §3.1, and not here.
    attributes: attributes.filter((one) => !COMMON.has(one.name)).map(describedAttribute),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  }));
}

const COMMON: ReadonlySet<string> = new Set(['schemas', 'id', 'externalId', 'meta']);

function describedAttribute(attribute: Attribute): Resource {
  const { name, type, description, subAttributes } = attribute;
  return {
    ...{ name, type, description },
    multiValued: attribute.multiValued ?? false,
    required: attribute.required ?? false,
    caseExact: attribute.caseExact ?? false,
    mutability: attribute.mutability ?? 'readWrite',
    returned: attribute.returned ?? 'default',
    uniqueness: attribute.uniqueness ?? 'none',
    ...(type === 'reference' && { referenceTypes: ['uri'] }),
    ...(subAttributes !== undefined && { subAttributes: subAttributes.map(describedAttribute) }),
  };
}

/** RFC 7644 §4. */
export function discoveryAnswers(
  base: string,
): Readonly<Record<string, (asked: Asked) => Answered>> {
  const all = (resources: readonly Resource[]): Answered => ({
    status: 200,
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      ...{ totalResults: resources.length, startIndex: 1, itemsPerPage: resources.length },
      Resources: resources,
    },
  });
  const one = (resources: readonly Resource[], id: string): Answered => {
    const found = resources.find((resource) => resource['id'] === id);
    if (found === undefined) throw notHere();
    return { status: 200, body: found };
  };
  return {
    scimReadConfig: () => ({ status: 200, body: serviceProviderConfig(base) }),
    scimListResourceTypes: () => all(resourceTypes(base)),
    scimShowResourceType: ({ id }) => one(resourceTypes(base), id),
    scimListSchemas: () => all(schemas(base)),
    scimShowSchema: ({ id }) => one(schemas(base), id),
    scimReadMe: () => {
      throw new ScimError(501, null, 'a directory is nobody: there is no /Me');
    },
    scimBulk: () => {
      throw new ScimError(501, null, 'ask for one resource after another');
    },
  };
}
