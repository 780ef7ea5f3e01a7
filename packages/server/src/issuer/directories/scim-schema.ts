/** What is kept of a resource, as RFC 7643 §7 describes it. */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'reference' | 'dateTime';
  readonly description: string;
  readonly multiValued?: true;
  readonly required?: true;
  readonly caseExact?: true;
  readonly mutability?: 'readOnly' | 'immutable';
  readonly uniqueness?: 'server';
  readonly returned?: 'always';
  readonly subAttributes?: readonly Attribute[];
}

export interface ResourceSchema {
  /** Of its resources, as `schemas` names it. */
  readonly id: string;
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

const META: Attribute = {
  ...{ name: 'meta', type: 'complex', mutability: 'readOnly' },
  description: 'When it was made and changed, and where it stands.',
  subAttributes: [
    { name: 'resourceType', type: 'string', caseExact: true, description: 'User or Group.' },
    { name: 'created', type: 'dateTime', description: 'When it was made.' },
    { name: 'lastModified', type: 'dateTime', description: 'When it was last changed.' },
    { name: 'location', type: 'reference', caseExact: true, description: 'Its address.' },
    { name: 'version', type: 'string', caseExact: true, description: 'Its entity tag.' },
  ],
};

/** RFC 7643 §3.1: of every resource. */
const COMMON: readonly Attribute[] = [
  {
    ...{ name: 'schemas', type: 'reference', multiValued: true, caseExact: true },
    ...{ mutability: 'readOnly', returned: 'always', description: 'What it is.' },
  },
  {
    ...{ name: 'id', type: 'string', caseExact: true, mutability: 'readOnly' },
    ...{ uniqueness: 'server', returned: 'always', description: 'What it is called here.' },
  },
  {
    ...{ name: 'externalId', type: 'string', caseExact: true },
    description: 'What the directory calls it. No two of one directory share it.',
  },
  META,
];

const PERSON: readonly Attribute[] = [
  {
    ...{ name: 'userName', type: 'string', required: true, uniqueness: 'server' },
    description: 'What they type to sign in.',
  },
  {
    ...{ name: 'name', type: 'complex', description: 'What they are called.' },
    subAttributes: [
      { name: 'formatted', type: 'string', description: 'The whole name.' },
      { name: 'familyName', type: 'string', description: 'The family name.' },
      { name: 'givenName', type: 'string', description: 'The given name.' },
    ],
  },
  { name: 'displayName', type: 'string', description: 'The name that pages show.' },
  {
    ...{ name: 'emails', type: 'complex', multiValued: true },
    description: 'Addresses; notices go to the primary one, or else to the first.',
    subAttributes: [
      { name: 'value', type: 'string', description: 'The address.' },
      { name: 'type', type: 'string', description: 'Such as work.' },
      { name: 'primary', type: 'boolean', description: 'Whether notices go there.' },
    ],
  },
  {
    ...{ name: 'preferredLanguage', type: 'string' },
    description: 'Of pages and notices: nl, fr, de or en; anything else is en.',
  },
  { name: 'active', type: 'boolean', description: 'Whether they may come in.' },
  {
    ...{ name: 'groups', type: 'complex', multiValued: true, mutability: 'readOnly' },
    description: 'The groups they are in.',
    subAttributes: [
      { name: 'value', type: 'string', caseExact: true, description: 'The id of the group.' },
      { name: '$ref', type: 'reference', caseExact: true, description: 'Its address.' },
      { name: 'display', type: 'string', description: 'Its name.' },
      { name: 'type', type: 'string', description: 'direct.' },
    ],
  },
];

const GROUP: readonly Attribute[] = [
  {
    ...{ name: 'displayName', type: 'string', required: true },
    description: 'Its name, by which it gives roles.',
  },
  {
    ...{ name: 'members', type: 'complex', multiValued: true },
    description: 'Users of the same directory.',
    subAttributes: [
      {
        ...{ name: 'value', type: 'string', caseExact: true, mutability: 'immutable' },
        description: 'The id of the user.',
      },
      {
        ...{ name: '$ref', type: 'reference', caseExact: true, mutability: 'immutable' },
        description: 'Its address.',
      },
      { name: 'type', type: 'string', mutability: 'immutable', description: 'User.' },
    ],
  },
];

/** RFC 7643 §4.1. */
export const USER_SCHEMA: ResourceSchema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:User',
  ...{ name: 'User', endpoint: '/Users', description: 'Somebody who may sign in.' },
  attributes: [...COMMON, ...PERSON],
};

/** RFC 7643 §4.2. */
export const GROUP_SCHEMA: ResourceSchema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  ...{ name: 'Group', endpoint: '/Groups', description: 'A group of users.' },
  attributes: [...COMMON, ...GROUP],
};

/** RFC 7643 §2.1: names are compared without case. Undefined: it is not kept here. */
export function attributeOf(attributes: readonly Attribute[], name: string): Attribute | undefined {
  const wanted = name.toLowerCase();
  return attributes.find((attribute) => attribute.name.toLowerCase() === wanted);
}

/** `name` without the schema before it. */
export function withoutSchema({ id }: ResourceSchema, name: string): string {
  const prefix = `${id}:`.toLowerCase();
  return name.toLowerCase().startsWith(prefix) ? name.slice(prefix.length) : name;
}
