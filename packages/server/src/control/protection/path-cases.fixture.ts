import type { Case, Tree } from './case.fixture.ts';

const STRONG = [{ oauth: ['admin'] }];
const WEAK = [{ oauth: [] }];

/** 'GET /a/{x}' or 'GET /a/{x} strong'; the default is weak. */
type Written = string;

const content = { 'application/json': { schema: { type: 'object' } } };

/** Of one API, its operations; names of parameters do not matter. */
function put(document: Tree, operations: readonly Written[]): void {
  document.paths = {};
  for (const written of operations) {
    const [method = '', path = '', strength] = written.split(' ');
    const names = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name);
    const parameters = names.map((name) => ({
      ...{ name, in: 'path', required: true, schema: { type: 'string' } },
    }));
    document.paths[path] ??= {};
    document.paths[path][method.toLowerCase()] = {
      ...{ parameters, security: strength === 'strong' ? STRONG : WEAK },
      responses: { 200: { description: 'ok', ...(method === 'GET' && { content }) } },
    };
  }
}

export function paths(was: readonly Written[], is: readonly Written[]): Pick<Case, 'was' | 'is'> {
  return {
    was: (_, document) => put(document, was),
    is: (_, document) => put(document, is),
  };
}

function takenOver(
  was: readonly Written[],
  is: readonly Written[],
  more: Partial<Case> = {},
): Case {
  return { keys: ['apis[].spec'], kinds: ['security-loosened'], ...paths(was, is), ...more };
}

/** Protected calls that another operation answers from now on, asking for less. */
export const pathCases: readonly Case[] = [
  // A parameter that takes a part of a segment.
  takenOver(['POST /items/{id}:cancel strong'], ['POST /items/{id}:{verb}']),
  takenOver(['GET /f/report.pdf strong'], ['GET /f/report.{extension}']),
  takenOver(['GET /f/report.pdf strong'], ['GET /f/{name}.pdf']),
  takenOver(['GET /f/report.pdf strong'], ['GET /f/{name}.{extension}']),
  takenOver(['GET /f/report.{extension} strong'], ['GET /f/{name}.{extension}']),
  takenOver(['GET /f/report.{extension} strong'], ['GET /f/{name}.pdf']),
  takenOver(['GET /f/a-{x}.pdf strong'], ['GET /f/{y}-b.{z}']),
  takenOver(['GET /f/a{x}b{y}c strong'], ['GET /f/a{all}']),
  // A nearer one beside it.
  takenOver(
    ['GET /f/report.{extension} strong'],
    ['GET /f/report.{extension} strong', 'GET /f/report.pdf'],
  ),
  takenOver(['GET /f/{name} strong'], ['GET /f/{name} strong', 'GET /f/report.{extension}']),
  takenOver(
    ['GET /f/{name}.{extension} strong'],
    ['GET /f/{name}.{extension} strong', 'GET /f/{name}.pdf'],
  ),
  // Neither holds the other.
  takenOver(['GET /{a}/b strong'], ['GET /{a}/b strong', 'GET /a/{b}']),
  takenOver(['GET /a/{b} strong', 'GET /{a}/b'], ['GET /{a}/b']),
  // The nearer of two that are weaker goes, or becomes another's.
  takenOver(['GET /a/b strong', 'GET /a/{x} strong', 'GET /{y}/{x}'], ['GET /{y}/{x}']),
  // HEAD is answered by GET where nothing else does.
  takenOver(['GET /a', 'HEAD /a strong'], ['GET /a']),
  takenOver(['GET /a strong'], ['GET /a strong', 'HEAD /a']),
  takenOver(['HEAD /a strong', 'GET /{x}'], ['GET /{x}']),
  takenOver(['GET /{x} strong'], ['GET /{x} strong', 'HEAD /a']),
  takenOver(['HEAD /a strong'], ['GET /a']),
  // The gate tells them apart; services that take them for one do not.
  takenOver(['GET /a strong'], ['GET /a strong', 'GET /A']),
  takenOver(['GET /a strong'], ['GET /A']),
  takenOver(['GET /a/{x}/c strong'], ['GET /a/{x}/c strong', 'GET /a/{x}/C']),
  takenOver(['GET /a strong'], ['GET /a strong', 'GET /a/']),
  takenOver(['GET /a strong'], ['GET /a strong', 'GET /a.json']),
  takenOver(['GET /f/a{x} strong'], ['GET /f/a{x} strong', 'GET /f/A{x}']),
  // Of two APIs at one host, the first, where neither is more concrete.
  ...[
    { was: ['first', 'second'], is: ['second', 'first'] },
    { was: ['first'], is: ['second', 'first'] },
  ].map(
    ({ was, is }): Case => ({
      ...{ keys: ['apis[].spec'], kinds: ['security-loosened'] },
      ...{ was: inOrder(was), is: inOrder(is) },
    }),
  ),
  // Renamed and wider, at once.
  ...[['a.example', 'b.example'], []].map(
    (hosts): Case => ({
      ...{ keys: ['apis[].hosts'], kinds: ['hosts-widened'] },
      was: ({ apis }) => Object.assign(apis[0], { hosts: ['a.example'] }),
      is: ({ apis }) => Object.assign(apis[0], { name: 'renamed', hosts }),
    }),
  ),
  {
    ...{ keys: ['apis[].hosts'], kinds: ['hosts-widened'] },
    was: ({ apis }) => Object.assign(apis[0], { hosts: ['a.example'] }),
    is: ({ apis }) => {
      const [api] = apis;
      apis.unshift({ ...api, name: 'divided', hosts: ['a.example', 'b.example'] });
      Object.assign(api, { spec: './other.yaml', hosts: ['a.example'] });
    },
  },
];

/** 'second' is open to more: `as-concrete.yaml` describes what ends in an s by one weak operation. */
function inOrder(names: readonly string[]): Case['was'] {
  return ({ apis }, document) => {
    put(document, ['GET /t{hing} strong']);
    const [api] = apis;
    apis.splice(
      0,
      1,
      ...names.map((name) => ({
        ...api,
        name,
        spec: name === 'first' ? './api.yaml' : './as-concrete.yaml',
      })),
    );
  };
}

/** Nothing of it is weaker than it was. */
export const samePaths: readonly (readonly [was: readonly Written[], is: readonly Written[]])[] = [
  [['GET /a/{b} strong'], ['GET /a/{b} strong', 'GET /{a}/b']],
  [['GET /f/report.pdf strong'], ['GET /f/report.pdf strong', 'GET /f/{name}.pdf']],
  [['GET /f/report.pdf strong'], ['GET /f/report.pdf strong', 'GET /f/report.{x}', 'GET /f/{x}']],
  [['GET /f/a{x}.pdf strong'], ['GET /f/a{x}.pdf strong', 'GET /f/b{x}.pdf', 'GET /f/a{x}.txt']],
  [
    ['GET /a strong', 'GET /{x}'],
    ['GET /a strong', 'GET /{y}', 'GET /b'],
  ],
  [
    ['GET /{x}/{y} strong', 'GET /a/{x}'],
    ['GET /{x}/{y} strong', 'GET /a/{x}', 'GET /a/b'],
  ],
  [
    ['GET /a strong', 'HEAD /a'],
    ['GET /a strong', 'HEAD /a'],
  ],
  [['GET /a', 'HEAD /a strong'], ['GET /a strong']],
  [
    ['GET /a', 'GET /A strong'],
    ['GET /a', 'GET /A strong'],
  ],
];
