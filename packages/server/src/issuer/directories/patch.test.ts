import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readGroup } from './group-resource.ts';
import { patched } from './patch.ts';
import { ScimError } from './scim-error.ts';
import { GROUP_SCHEMA, USER_SCHEMA } from './scim-schema.ts';
import { readUser } from './user-resource.ts';

const user = {
  ...{ id: 'account_1', userName: 'griet@bank.example', displayName: 'Griet', active: true },
  name: { givenName: 'Griet', familyName: 'Maes' },
  emails: [{ value: 'work@bank.example', type: 'work', primary: true }],
};
const group = {
  displayName: 'Team',
  members: [{ value: 'account_1' }, { value: 'account_2' }, { value: 'account_3' }],
};

const operations = (...all: object[]) => ({ Operations: all });
const patchUser = (...all: object[]) =>
  readUser(patched(user, operations(...all), USER_SCHEMA), true);
const patchGroup = (...all: object[]) =>
  readGroup(patched(group, operations(...all), GROUP_SCHEMA)).members;

test('one member that Entra removes is removed, and the others stay', () => {
  const value = [{ $ref: null, value: 'account_2' }];
  const rest = ['account_1', 'account_3'];
  assert.deepEqual(patchGroup({ op: 'Remove', path: 'members', value }), rest);
  assert.deepEqual(patchGroup({ op: 'remove', path: 'members', value: value[0] }), rest);
  assert.deepEqual(patchGroup({ op: 'remove', path: 'members[value eq "account_2"]' }), rest);
  assert.deepEqual(patchGroup({ op: 'remove', path: 'members', value: [] }).length, 3);
  assert.deepEqual(patchGroup({ op: 'remove', path: 'members' }), []);
  for (const wrong of [[1], [[]], 7, true, [null]]) {
    const remove = { op: 'remove', path: 'members', value: wrong };
    assert.throws(() => patchGroup(remove), { scimType: 'invalidValue' }, JSON.stringify(wrong));
  }
});

test('members are added once, and replaced whole', () => {
  const add = {
    op: 'Add',
    path: 'members',
    value: [{ value: 'account_3' }, { value: 'account_4' }],
  };
  assert.deepEqual(patchGroup(add).toSorted(), [
    'account_1',
    'account_2',
    'account_3',
    'account_4',
  ]);
  assert.deepEqual(
    patchGroup({ op: 'add', value: { members: [{ value: 'account_4' }] } }).length,
    4,
  );
  assert.deepEqual(patchGroup({ op: 'replace', path: 'members', value: [{ value: 'x' }] }), ['x']);
  assert.throws(() => patchGroup({ op: 'add', path: 'members', value: [{ display: 'x' }] }), {
    scimType: 'invalidValue',
  });
  const nested = { op: 'add', path: 'members', value: [{ value: 'group_1', type: 'Group' }] };
  assert.throws(() => patchGroup(nested), { scimType: 'invalidValue' });
});

test('somebody is deactivated however a directory writes it', () => {
  for (const operation of [
    { op: 'replace', path: 'active', value: false },
    { op: 'Replace', path: 'active', value: 'False' },
    { op: 'replace', value: { active: false } },
    { op: 'Replace', value: { ACTIVE: 'false' } },
    { op: 'add', path: `${USER_SCHEMA.id}:active`, value: false },
    { op: 'replace', value: { [`${USER_SCHEMA.id}:active`]: false } },
    { op: 'replace', value: { id: 'account_1', schemas: [], meta: {}, active: false } },
  ]) {
    assert.equal(patchUser(operation).isActive, false, JSON.stringify(operation));
  }
  for (const value of ['no', 0, {}, []]) {
    const wrong = { op: 'replace', path: 'active', value };
    assert.throws(() => patchUser(wrong), { scimType: 'invalidValue' }, JSON.stringify(value));
  }
});

test('names with dots, names of schemas and names in other letters are read as what they name', () => {
  const said = patchUser({
    op: 'replace',
    value: {
      ...{ 'name.givenName': 'G.', DISPLAYNAME: 'G. Maes', title: 'not kept' },
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department': 'not kept',
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { manager: 'not kept' },
    },
  });
  assert.deepEqual(said.name, { formatted: null, givenName: 'G.', familyName: 'Maes' });
  assert.equal(said.displayName, 'G. Maes');
  assert.equal(
    patchUser({ op: 'replace', path: 'name', value: { familyName: 'Peeters' } }).name.givenName,
    'Griet',
  );
  assert.equal(patchUser({ op: 'remove', path: 'name.familyName' }).name.familyName, null);
});

test('an address is changed where it stands, and made where there is none', () => {
  const work = { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@bank.example' };
  assert.deepEqual(patchUser(work).emails, [
    { value: 'new@bank.example', type: 'work', isPrimary: true },
  ]);
  const home = { op: 'Add', path: 'emails[type eq "home"].value', value: 'home@bank.example' };
  assert.deepEqual(patchUser(home).emails[1], {
    ...{ value: 'home@bank.example', type: 'home', isPrimary: false },
  });
  const primary = { value: 'one@bank.example', primary: true };
  assert.deepEqual(
    patchUser({ op: 'add', path: 'emails', value: [primary] }).emails.map((one) => one.isPrimary),
    [false, true],
    'there is one primary address',
  );
  assert.deepEqual(patchUser({ op: 'remove', path: 'emails[type eq "work"]' }).emails, []);
  assert.deepEqual(patchUser({ op: 'remove', path: 'emails[type eq "home"]' }).emails.length, 1);
  const unclear = { op: 'replace', path: 'emails[type ne "work"].value', value: 'x@bank.example' };
  assert.throws(() => patchUser(unclear), { scimType: 'noTarget' });
});

test('what is not for directories to change is refused where it is named, and the name stays required', () => {
  for (const path of ['id', 'meta', 'groups', 'meta.version', 'schemas']) {
    assert.throws(
      () => patchUser({ op: 'replace', path, value: 'x' }),
      { scimType: 'mutability' },
      path,
    );
  }
  assert.throws(() => patchUser({ op: 'remove', path: 'userName' }), { scimType: 'invalidValue' });
  assert.throws(() => patchUser({ op: 'remove' }), { scimType: 'noTarget' });
  assert.throws(() => patchUser({ op: 'move', path: 'active' }), { scimType: 'invalidSyntax' });
  assert.throws(() => patched(user, {}, USER_SCHEMA), { scimType: 'invalidSyntax' });
  assert.deepEqual(patched(user, { operations: [] }, USER_SCHEMA), user);
});

test('any operation is done or refused with a word; nothing that is not kept gets in, and the resource stays as it was', () => {
  const before = JSON.stringify(user);
  const kept = new Set<string>(USER_SCHEMA.attributes.map(({ name }) => name));
  const paths = fc.oneof(
    fc.constantFrom(
      ...['active', 'name', 'name.givenName', 'emails', 'emails.value', 'emails[type eq "work"]'],
      ...['emails[value pr].primary', '__proto__', 'constructor', 'constructor.prototype', 'x'],
      ...['emails[primary eq true]', 'name[givenName eq "a"]', 'urn:x:y', 'groups'],
    ),
    fc.string({ maxLength: 20 }),
  );
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'Replace', 'remove', 'other'),
      path: paths,
      value: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('true', false, 'a@b.example')),
    },
    { requiredKeys: ['op'] },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4 }), (all) => {
      try {
        const draft = patched(user, operations(...all), USER_SCHEMA);
        const more = Object.keys(draft).filter((name) => !kept.has(name));
        assert.deepEqual(more, []);
        readUser(draft, true);
      } catch (error) {
        assert.ok(error instanceof ScimError, String((error as Error).stack));
      }
      assert.equal(JSON.stringify(user), before);
      assert.deepEqual(Object.keys(Object.prototype), []);
    }),
    { numRuns: 5_000 },
  );
});

test('what one request looks through is bounded, however its paths are written', () => {
  const members = Array.from({ length: 3_500 }, (_, number) => ({ value: `account_${number}` }));
  const terms = Array.from({ length: 80 }, (_, number) => `value eq "x${number}"`).join(' or ');
  const remove = { op: 'remove', path: `members[${terms}]` };
  const many = Array.from({ length: 250 }, () => remove);
  const large = { displayName: 'Large', members };
  const began = performance.now();
  assert.throws(() => patched(large, operations(...many), GROUP_SCHEMA), { scimType: 'tooMany' });
  const more = members.map(({ value }) => ({ value: `more_${value}` }));
  const add = { op: 'add', path: 'members', value: [...more, ...members] };
  const { members: all } = readGroup(patched(large, operations(add), GROUP_SCHEMA));
  assert.equal(all.length, 7_000);
  // Half a minute before it was bounded.
  assert.ok(performance.now() - began < 10_000);
});
