import type { Case, Tree } from './case.fixture.ts';
import { responses } from './case.fixture.ts';

const security = [{ key: [] }];
const field = (name: string, more: Tree = { schema: { type: 'string' } }) => ({
  ...{ name, in: 'header' },
  ...more,
});

function fieldCase(was: readonly string[], is: readonly string[], more: Partial<Case> = {}): Case {
  const put = (names: readonly string[]) => (_: Tree, document: Tree) => {
    const parameters = names.map((name) => field(name));
    document.paths['/fields'] = { get: { security, parameters, responses } };
  };
  return {
    ...{ keys: ['apis[].spec'], was: put(was), is: put(is), kinds: ['header-admitted'] },
    ...more,
  };
}

/** Another entry, with a description of its own that has `/new` with X-User-Id, `/things` without. */
const beside =
  (spec: string, hosts: readonly string[] = []) =>
  ({ apis }: Tree) =>
    apis.push({ ...apis[0], name: 'beside', spec, hosts });

/** What the gate takes out of a call unless it is described, and is described now. */
export const fieldCases: readonly Case[] = [
  ...[
    ...['X-User-Id', 'X-Auth-Roles', 'eppn', 'X-Subject-DN', 'X-HTTP-Verb', 'X-Rewritten-URL'],
    ...['Script-Name', 'X-Cert', 'X-Request-Id', 'x_trace'],
  ].map((name) => fieldCase([], [name])),
  fieldCase(['X-Plain'], ['X-Plain', 'X-User-Id', 'X-Roles']),
  // Behind CGI it is the field that was checked.
  fieldCase(['X-Tier'], ['X-Tier', 'x_tier']),
  // Of every operation of a path, and in a description of its content.
  fieldCase([], [], {
    is: (_, { paths }) => {
      paths['/fields'] = { parameters: [field('X-User-Id')], get: { security, responses } };
    },
  }),
  fieldCase([], [], {
    is: (_, { paths }) => {
      const parameters = [field('X-User-Id', { content: { 'application/json': {} } })];
      paths['/fields'] = { get: { security, parameters, responses } };
    },
  }),
  // A new operation, where none of its service lets it through.
  fieldCase([], [], {
    is: (_, { paths }) => {
      paths['/fields'] = { get: { security, responses } };
      paths['/new'] = { get: { security, parameters: [field('X-User-Id')], responses } };
    },
  }),
  // Another API of the same host, and one at another host.
  ...[[], ['b.example']].map((hosts) =>
    fieldCase([], [], { is: beside('./with-identity.yaml', hosts) }),
  ),
  fieldCase([], [], {
    was: beside('./without-identity.yaml', ['b.example']),
    is: beside('./with-identity.yaml', ['b.example']),
  }),
];

/** What reached the service before, or never does. */
export const sameFields: readonly (readonly [was: readonly string[], is: readonly string[]])[] = [
  [[], ['X-Trace', 'Accept-Version', 'Idempotency-Key', 'X-Client-Version', 'X-Auth-Token']],
  [['X-User-Id'], ['x-user-id']],
  [['X-User-Id'], []],
  [[], ['X-Forwarded-User', 'Poorter-Identity', 'X-HTTP-Method-Override', 'X-Original-URL']],
];

export function fields(names: readonly string[]): Case['was'] {
  return fieldCase(names, []).was;
}
