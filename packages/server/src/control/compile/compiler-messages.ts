import type { Diagnostic } from '@poorter/openapi';
import type { JSONWebKeySet } from 'jose';
import type { ConfigurationSource } from '../../configuration/load-configuration.ts';
import type { Configuration } from '../../configuration/schema.ts';
import type { PlanAnswer, RuntimeSnapshot } from '../../messages/between-processes.ts';
import type { LinkCredentials } from '../../platform/link/index.ts';
import type { Before, Judgement } from '../protection/judge-change.ts';
import type { CompiledSnapshot, SnapshotSources } from './compile-snapshot.ts';
import type { KeptDescription } from './kept-descriptions.ts';
import type { readOperatorAddress } from './read-endpoints.ts';

/** What the thread needs besides the configuration, which it has read. */
export interface CompileOrder
  extends Pick<SnapshotSources, 'dataDirectory' | 'identityKeys' | 'spool' | 'trialKeys'> {
  /** By issuer. */
  readonly issuerKeys: Readonly<Record<string, { jwks: JSONWebKeySet; generation: number }>>;
  /** What is in force, to hold it against. */
  readonly before: Before;
  /** Of the key ring, for digests that nobody can guess. */
  readonly digestKey: Uint8Array;
  /** By which gates show our authorization server that they are ours. */
  readonly gateSecret: string;
}

/** A configuration that was read once, and where what it names lies. */
export interface PlacedConfiguration {
  readonly configuration: Configuration;
  /** Where faults are placed. */
  readonly file: string;
  readonly baseDirectory: string;
}

/** Null: there are no gateways on other machines. */
export interface ReadLink {
  readonly linkCredentials: LinkCredentials | null;
  readonly files: readonly string[];
}

/** One order at a time. */
export type ToCompiler =
  | { readonly type: 'load'; readonly source: ConfigurationSource }
  /** What a start is held to. */
  | { readonly type: 'plan'; readonly source: ConfigurationSource }
  /** What a configuration says of the addresses of control, with the files that it names. */
  | { readonly type: 'read-operators'; readonly placed: PlacedConfiguration }
  | { readonly type: 'read-link'; readonly placed: PlacedConfiguration }
  /** Read already; nothing is answered. */
  | {
      readonly type: 'take';
      readonly source: ConfigurationSource;
      readonly configuration: Configuration;
    }
  | {
      readonly type: 'compile';
      readonly order: CompileOrder;
      readonly kept: readonly KeptDescription[];
    };

/**
 * What control needs of a configuration that was read whole. What is large is bytes in shared memory,
 * which control passes on unread.
 */
export interface CompiledConfiguration
  extends Pick<CompiledSnapshot, 'linkCredentials' | 'warnings' | 'isTrial' | 'issuer'> {
  readonly snapshot: RuntimeSnapshot;
  /** JSON of the summary. */
  readonly summary: Uint8Array;
  /** As `packRights` makes it. */
  readonly rights: Uint8Array;
  /** Everything that was read. */
  readonly files: readonly string[];
  /** Where operators ask. */
  readonly operated: ReturnType<typeof readOperatorAddress>;
  readonly judgement: Judgement;
}

export type FromCompiler =
  | { readonly type: 'loaded'; readonly configuration: Configuration }
  | { readonly type: 'planned'; readonly answer: PlanAnswer }
  | { readonly type: 'operators'; readonly read: ReturnType<typeof readOperatorAddress> }
  | { readonly type: 'link'; readonly read: ReadLink }
  | {
      readonly type: 'compiled';
      readonly compiled: CompiledConfiguration;
      /** For the next compile. */
      readonly kept: readonly KeptDescription[];
    }
  /** RefusedConfiguration. */
  | {
      readonly type: 'refused';
      readonly diagnostics: readonly Diagnostic[];
      readonly files: readonly string[];
    }
  | { readonly type: 'fault'; readonly message: string };
