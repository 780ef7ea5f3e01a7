import type {
  DirectoryGroup,
  DirectoryGroupStore,
  GroupRights,
  GroupWish,
} from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { type Chosen, chosenOf, chosenParts, isChosen } from './chosen-attributes.ts';
import { asksAbout, type Resource } from './filter.ts';
import { readGroup, shownGroup } from './group-resource.ts';
import { list, orNone, type Shelf } from './listing.ts';
import { patched } from './patch.ts';
import { tagOf } from './resource-values.ts';
import { givesRoles } from './roles-of-people.ts';
import type { Answered, Asked } from './scim-call.ts';
import { notHere } from './scim-error.ts';
import { GROUP_SCHEMA } from './scim-schema.ts';
import type { TakingBackFromPeople } from './taking-back-from-people.ts';
import { versionOf } from './versions.ts';

export interface GroupsPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'directories'>;
  readonly groups: DirectoryGroupStore;
  readonly takingBack: TakingBackFromPeople;
  /** Where resources stand. */
  readonly base: string;
}

/** Groups of people, as a directory has them. RFC 7644 §3. */
export class Groups {
  readonly #ports: GroupsPorts;

  constructor(ports: GroupsPorts) {
    this.#ports = ports;
  }

  list({ directory, query }: Asked): Promise<Answered> {
    return list(this.#shelf(directory), query);
  }

  async create({ directory, query, body }: Asked): Promise<Answered> {
    const chosen = chosenOf(query);
    const group = await this.#ports.groups.create(directory, readGroup(body));
    const location = `${this.#ports.base}/Groups/${group.id}`;
    return { ...(await this.#answer(group, chosen, 201)), location };
  }

  async show({ directory, id, query, ifNoneMatch }: Asked): Promise<Answered> {
    const chosen = chosenOf(query);
    const group = await this.#ports.groups.show(directory, id);
    if (group === undefined) throw notHere();
    const tag = tagOf(group.version);
    if (ifNoneMatch === tag) return { status: 304, body: null, tag };
    return this.#answer(group, chosen, 200);
  }

  replace(asked: Asked): Promise<Answered> {
    return this.#change(asked, () => readGroup(asked.body));
  }

  patch(asked: Asked): Promise<Answered> {
    return this.#change(asked, ({ displayName, externalId, members }) => {
      const resource = {
        ...{ displayName, members: members.map((value) => ({ value })) },
        ...(externalId !== null && { externalId }),
      };
      return readGroup(patched(resource, asked.body, GROUP_SCHEMA));
    });
  }

  async remove({ directory, id, ifMatch }: Asked): Promise<Answered> {
    const { groups } = this.#ports;
    const rights = this.#rightsOf(directory);
    try {
      await groups.remove(directory, id, versionOf(ifMatch), rights);
    } finally {
      await this.#whenLessened(directory);
    }
    return { status: 204, body: null };
  }

  async #change(
    { directory, id, query, ifMatch }: Asked,
    next: (known: GroupWish) => GroupWish,
  ): Promise<Answered> {
    const { groups } = this.#ports;
    const chosen = chosenOf(query);
    const version = versionOf(ifMatch);
    const rights = this.#rightsOf(directory);
    const group = await groups.change(directory, id, version, next, rights);
    await this.#whenLessened(directory);
    return this.#answer(group, chosen, 200);
  }

  /** Where groups give nothing, nobody waits. */
  async #whenLessened(directory: string): Promise<void> {
    const { snapshot, takingBack } = this.#ports;
    const { roles = {} } = snapshot.directories.find(({ name }) => name === directory) ?? {};
    if (Object.keys(roles).length > 0) await takingBack.whenLessened();
  }

  #rightsOf(directory: string): GroupRights {
    const { snapshot, takingBack } = this.#ports;
    return {
      givesRights: (name) => givesRoles(snapshot, directory, name),
      ends: takingBack.ends(),
    };
  }

  async #answer(group: DirectoryGroup, chosen: Chosen, status: number): Promise<Answered> {
    const [resource] = await this.#shown([group], chosen, false);
    const body = chosenParts(resource as Resource, chosen, GROUP_SCHEMA);
    return { status, body, tag: tagOf(group.version) };
  }

  #shelf(directory: string): Shelf<DirectoryGroup> {
    const { groups } = this.#ports;
    return {
      schema: GROUP_SCHEMA,
      count: () => groups.count(directory),
      page: (offset, limit) => groups.page(directory, offset, limit),
      lookup: ({ attribute, value }) => {
        if (attribute === 'id') return orNone(groups.show(directory, value));
        if (attribute === 'displayname') return groups.findByName(directory, value);
        return attribute === 'externalid'
          ? orNone(groups.findByExternalId(directory, value))
          : undefined;
      },
      shown: (items, chosen, filter) =>
        this.#shown(items, chosen, filter !== null && asksAbout(filter, 'members')),
    };
  }

  async #shown(
    shown: readonly DirectoryGroup[],
    chosen: Chosen,
    needsMembers: boolean,
  ): Promise<Resource[]> {
    const { groups, base } = this.#ports;
    const isAsked = needsMembers || isChosen(chosen, 'members', GROUP_SCHEMA);
    const resources: Resource[] = [];
    for (const group of shown) {
      const members = isAsked ? await groups.members(group.id) : null;
      resources.push(shownGroup(group, members, base));
    }
    return resources;
  }
}
