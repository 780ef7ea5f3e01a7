import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { baseDirectory } from '../../configuration/base-directory.ts';
import {
  type ConfigurationSource,
  loadConfiguration,
} from '../../configuration/load-configuration.ts';
import { RefusedConfiguration } from '../../configuration/refused-configuration.ts';
import type { Configuration } from '../../configuration/schema.ts';
import { realWorld } from '../../platform/world/index.ts';
import { compileSnapshot } from '../compile/compile-snapshot.ts';
import type {
  CompileOrder,
  FromCompiler,
  PlacedConfiguration,
  ReadLink,
  ToCompiler,
} from '../compile/compiler-messages.ts';
import { KeptDescriptions } from '../compile/kept-descriptions.ts';
import { packRights } from '../compile/packed-rights.ts';
import { readLinkCredentials, readOperatorAddress } from '../compile/read-endpoints.ts';
import { SourceReader } from '../compile/source-reader.ts';
import { nextVersion } from '../kept-files.ts';
import { planOf } from '../plan.ts';
import { judgeChange } from '../protection/judge-change.ts';
import { sharedBytes } from '../shared-bytes.ts';

/**
 * Reads the configuration and everything it names, each file once, compiles it, and holds it against what
 * is in force, while control answers operators. What is judged here is what is handed on.
 */
let loaded: { readonly configuration: Configuration; readonly source: ConfigurationSource } | null =
  null;

parentPort?.on('message', (message: ToCompiler) => {
  if (message.type === 'take') loaded = message;
  else tell(answerTo(message));
});

function answerTo(message: Exclude<ToCompiler, { type: 'take' }>): FromCompiler {
  try {
    switch (message.type) {
      case 'plan':
        return { type: 'planned', answer: planOf(message.source) };
      case 'load':
        return load(message.source);
      case 'read-operators':
        return { type: 'operators', read: readOperators(message.placed) };
      case 'read-link':
        return { type: 'link', read: readLink(message.placed) };
      case 'compile':
        return compile(message.order, new KeptDescriptions(message.kept));
      default:
        return message satisfies never;
    }
  } catch (error) {
    if (error instanceof RefusedConfiguration) {
      const { diagnostics, files } = error;
      return { type: 'refused', diagnostics, files };
    }
    return { type: 'fault', message: error instanceof Error ? error.message : String(error) };
  }
}

function load(source: ConfigurationSource): FromCompiler {
  const configuration = loadConfiguration(source);
  loaded = { configuration, source };
  return { type: 'loaded', configuration };
}

function readOperators({ configuration, file, baseDirectory }: PlacedConfiguration) {
  return readOperatorAddress(configuration, file, baseDirectory, realWorld);
}

function readLink({ configuration, file, baseDirectory }: PlacedConfiguration): ReadLink {
  const { link } = configuration;
  const reader = new SourceReader(file, baseDirectory, realWorld);
  const linkCredentials = link === undefined ? null : readLinkCredentials(link, reader);
  const { errors, files } = reader;
  if (errors.length > 0) throw new RefusedConfiguration(errors, files);
  return { linkCredentials, files };
}

function compile(order: CompileOrder, descriptions: KeptDescriptions): FromCompiler {
  if (loaded === null) throw new Error('there is no configuration to compile');
  const { configuration, source } = loaded;
  const { dataDirectory, identityKeys, spool, trialKeys, issuerKeys, gateSecret } = order;
  const configurationFile = source.file ?? 'arguments';
  const base = baseDirectory(source);
  const operated = readOperatorAddress(configuration, configurationFile, base, realWorld);
  const { summary, rights, contents, protection, ...compiled } = compileSnapshot({
    ...{ configuration, configurationFile, dataDirectory, baseDirectory: base, world: realWorld },
    version: nextVersion(join(dataDirectory, 'snapshot-version')),
    ...{ identityKeys, spool, trialKeys, descriptions, gateSecret },
    issuerKeys: (issuer) => issuerKeys[issuer] ?? null,
  });
  const judgement = judgeChange(order.before, order.digestKey, {
    ...{ configuration, protection },
    contents: new Map([...operated.contents, ...contents]),
  });
  return {
    type: 'compiled',
    compiled: {
      ...{ ...compiled, operated, judgement },
      summary: sharedBytes(Buffer.from(JSON.stringify(summary))),
      rights: packRights(rights),
    },
    kept: descriptions.all,
  };
}

function tell(message: FromCompiler): void {
  parentPort?.postMessage(message);
}
