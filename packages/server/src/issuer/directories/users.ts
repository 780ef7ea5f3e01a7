import type {
  DirectoryGroupStore,
  DirectoryPerson,
  DirectoryUser,
  DirectoryUserStore,
} from '../../access/accounts/index.ts';
import { type Chosen, chosenOf, chosenParts, isChosen } from './chosen-attributes.ts';
import { asksAbout, type Resource } from './filter.ts';
import { list, orNone, type Shelf } from './listing.ts';
import { patched } from './patch.ts';
import { tagOf } from './resource-values.ts';
import type { Answered, Asked } from './scim-call.ts';
import { notHere } from './scim-error.ts';
import { USER_SCHEMA } from './scim-schema.ts';
import type { TakingBackFromPeople } from './taking-back-from-people.ts';
import { readUser, shownUser } from './user-resource.ts';
import { versionOf } from './versions.ts';

export interface UsersPorts {
  readonly users: DirectoryUserStore;
  readonly groups: Pick<DirectoryGroupStore, 'groupsOf'>;
  readonly takingBack: TakingBackFromPeople;
  /** Where resources stand. */
  readonly base: string;
}

/** People, as a directory has them. RFC 7644 §3. */
export class Users {
  readonly #ports: UsersPorts;

  constructor(ports: UsersPorts) {
    this.#ports = ports;
  }

  list({ directory, query }: Asked): Promise<Answered> {
    return list(this.#shelf(directory), query);
  }

  async create({ directory, query, body }: Asked): Promise<Answered> {
    const chosen = chosenOf(query);
    const user = await this.#ports.users.create(directory, readUser(body, true));
    const answered = await this.#answer(user, chosen, 201);
    return { ...answered, location: this.#locationOf(user) };
  }

  async show({ directory, id, query, ifNoneMatch }: Asked): Promise<Answered> {
    const chosen = chosenOf(query);
    const user = await this.#ports.users.show(directory, id);
    if (user === undefined) throw notHere();
    const tag = tagOf(user.version);
    if (ifNoneMatch === tag) return { status: 304, body: null, tag };
    return this.#answer(user, chosen, 200);
  }

  replace(asked: Asked): Promise<Answered> {
    return this.#change(asked, ({ said }) => readUser(asked.body, said.isActive));
  }

  patch(asked: Asked): Promise<Answered> {
    return this.#change(asked, (known) => {
      const resource = shownUser(known, [], this.#ports.base);
      return readUser(patched(resource, asked.body, USER_SCHEMA), known.said.isActive);
    });
  }

  async remove({ directory, id, ifMatch }: Asked): Promise<Answered> {
    const { users, takingBack } = this.#ports;
    const removed = users.remove(directory, id, versionOf(ifMatch), takingBack.ends());
    const ended = await removed.catch(async (error: unknown) => {
      // It may be asked once more: what was done before is done at every gate when it is said.
      await takingBack.whenGone();
      throw error;
    });
    await takingBack.endAccount(id, ended);
    return { status: 204, body: null, subject: id };
  }

  async #change(
    { directory, id, query, ifMatch }: Asked,
    next: (known: DirectoryUser) => DirectoryPerson,
  ): Promise<Answered> {
    const { users, takingBack } = this.#ports;
    const chosen = chosenOf(query);
    const version = versionOf(ifMatch);
    const ends = takingBack.ends();
    const { user, endedGrants } = await users.change(directory, id, version, next, ends);
    if (!user.said.isActive) await takingBack.endAccount(id, endedGrants);
    return this.#answer(user, chosen, 200);
  }

  async #answer(user: DirectoryUser, chosen: Chosen, status: number): Promise<Answered> {
    const [resource] = await this.#shown([user], chosen, true);
    const body = chosenParts(resource as Resource, chosen, USER_SCHEMA);
    return { status, body, tag: tagOf(user.version), subject: user.id };
  }

  #shelf(directory: string): Shelf<DirectoryUser> {
    const { users } = this.#ports;
    return {
      schema: USER_SCHEMA,
      count: () => users.count(directory),
      page: (offset, limit) => users.page(directory, offset, limit),
      lookup: ({ attribute, value }) => {
        if (attribute === 'id') return orNone(users.show(directory, value));
        if (attribute === 'username') return orNone(users.findByLogin(directory, value));
        return attribute === 'externalid'
          ? orNone(users.findByExternalId(directory, value))
          : undefined;
      },
      shown: (items, chosen, filter) =>
        this.#shown(items, chosen, filter !== null && asksAbout(filter, 'groups')),
    };
  }

  async #shown(
    users: readonly DirectoryUser[],
    chosen: Chosen,
    needsGroups: boolean,
  ): Promise<Resource[]> {
    const { groups, base } = this.#ports;
    const isAsked = needsGroups || isChosen(chosen, 'groups', USER_SCHEMA);
    const memberships = isAsked
      ? await groups.groupsOf(users.map(({ id }) => id))
      : new Map<string, never[]>();
    return users.map((user) => shownUser(user, memberships.get(user.id) ?? [], base));
  }

  #locationOf({ id }: DirectoryUser): string {
    return `${this.#ports.base}/Users/${id}`;
  }
}
