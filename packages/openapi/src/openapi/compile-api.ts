import { comparable, didYouMean, readSchemas } from '../json-schema/index.ts';
import { refuseAmbiguousOperations, remarkOnOverlaps } from './description/check-paths.ts';
import { joinVariants } from './description/fragment-variants.ts';
import { checkFields, nameOf } from './description/object-fields.ts';
import { type ReadOperation, readOperations } from './description/read-operations.ts';
import { SecurityReader } from './description/read-security.ts';
import { Reading } from './description/reading.ts';
import { refuseStrayExtensions } from './description/stray-extensions.ts';
import { Documents } from './document/documents.ts';
import { isFields, ownMember, plainText } from './document/pointer.ts';
import { child, type Place, Remarks } from './document/remarks.ts';
import { readingKind } from './message/check-media.ts';
import { readYaml } from './message/yaml-body.ts';
import { haveYamlReader } from './message/yaml-reader.ts';
import type { MediaPlan, OperationPlan } from './plan.ts';
import type {
  ApiCompilation,
  CompileApiOptions,
  CompiledApi,
  CompiledOperation,
  Diagnostic,
} from './types.ts';

/** Reads a description whole: plain data for the gateway threads, or every reason why not. */
export function compileApi(
  source: { uri: string; text: string },
  options: CompileApiOptions,
): ApiCompilation {
  const remarks = new Remarks();
  const documents = new Documents(options.read, remarks);
  const opened = documents.open(source.uri, source.text);
  if (!opened.ok) return refuseUnreadable(opened);

  const root: Place = { document: opened.document, pointer: '', value: opened.document.value };
  const version = readVersion(root, remarks);
  if (version === undefined) return conclude(remarks);
  const settings = { ...options, ...ownSettings(root) };
  const reading = new Reading(documents, remarks, version, settings);
  const outline = readOutline(root, reading);
  if (outline === undefined) return conclude(remarks);

  const security = new SecurityReader(root, reading);
  const operations = joinVariants(readOperations(root, security, reading), remarks);
  security.remarkOnUnused();
  refuseStrayExtensions(root, remarks);
  refuseAmbiguousOperations(operations, remarks);
  remarkOnOverlaps(operations, remarks);
  if (operations.length === 0) {
    remarks.warn(
      'no-operations',
      child(root, 'paths'),
      'no operation is described: every call is refused',
    );
  }
  // Also where something is wrong already: whoever mends a description wants to see all of it at once.
  const isRefused = remarks.refusedByNow();
  const read = readSchemas({
    documents: documents.values,
    dialect: version === '3.0' ? 'openapi-3.0' : 'openapi-3.1',
    entries: reading.schemaEntries,
    assertFormats: true,
    reading: reading.manner,
    readOnlyMembers: settings.readOnlyMembers ?? 'ignore',
    formats: settings.formats ?? 'enforce',
  });
  for (const { severity, address, message, suggestion } of read.diagnostics) {
    const place = placeOf(address, documents) ?? root;
    if (isRefused(place)) continue;
    if (severity === 'error') remarks.error('schema', place, message, suggestion);
    else remarks.warn('schema', place, message, suggestion);
  }
  // Writing them is a third of the work.
  if (remarks.hasErrors) return conclude(remarks);
  const { shapes, ...schemas } = read.write();
  return conclude(remarks, {
    ...outline,
    openapi: version,
    file: source.uri,
    securitySchemes: security.schemes,
    settings: rootSettings(root, settings),
    operations: placeOperations(operations),
    openSchemas: reading.openSchemas,
    ...(readsYaml(operations) ? { readsYaml: true } : {}),
    comparable: comparable(shapes),
    schemas,
  });
}

function readsYaml(operations: readonly ReadOperation[]): boolean {
  const plans = operations.flatMap(({ operation }) => {
    const plan = operation.plan as OperationPlan;
    return [plan, ...(plan.variants ?? [])];
  });
  const isYaml = (media: MediaPlan) =>
    readingKind(media, { type: media.range, parameters: new Map() }) === 'yaml';
  return plans.some(({ body }) => body?.content.some(isYaml) ?? false);
}

// A process that reads descriptions has the library anyway.
haveYamlReader(readYaml);

const SETTINGS = {
  reading: ['meant', 'strict'],
  readOnlyMembers: ['ignore', 'refuse'],
  formats: ['enforce', 'report'],
} as const;

/** That it can be read, reading the operations has shown. */
function rootSettings(root: Place, { readExtension }: CompileApiOptions): CompiledApi['settings'] {
  const written = ownMember(root.value, 'x-poorter');
  const read = isFields(written) ? readExtension(written) : { value: {} };
  return 'value' in read ? read.value : {};
}

/** What the description says of its own reading goes before the configuration. */
function ownSettings(root: Place): Partial<CompileApiOptions> {
  const extension = ownMember(root.value, 'x-poorter');
  const given = Object.entries(SETTINGS).flatMap(([name, values]) => {
    const value = (values as readonly unknown[]).find(
      (known) => known === ownMember(extension, name),
    );
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(given) as Partial<CompileApiOptions>;
}

function conclude(remarks: Remarks, api?: CompiledApi): ApiCompilation {
  const diagnostics = remarks.diagnostics();
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const warnings = diagnostics.filter(({ severity }) => severity === 'warning');
  if (errors.length > 0 || api === undefined) return { ok: false, errors, warnings };
  return { ok: true, api, warnings };
}

function refuseUnreadable(problem: {
  uri: string;
  line: number;
  column: number;
  message: string;
  suggestion?: string;
}): ApiCompilation {
  const { uri, line, column, message, suggestion } = problem;
  const error: Diagnostic = {
    severity: 'error',
    code: 'unreadable-document',
    file: uri,
    line,
    column,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
  return { ok: false, errors: [error], warnings: [] };
}

/** Each of these versions has a schema dialect of its own; guessing between them is not safe. */
function readVersion(root: Place, remarks: Remarks): '3.0' | '3.1' | undefined {
  if (!isFields(root.value)) {
    const message = `an OpenAPI document is an object, found ${nameOf(root.value)}`;
    remarks.error('wrong-type', root, message);
    return undefined;
  }
  const at = child(root, 'openapi');
  if (at.value === undefined) {
    const swagger = ownMember(root.value, 'swagger');
    if (swagger !== undefined) {
      remarks.error(
        'unsupported-version',
        child(root, 'swagger'),
        `Swagger ${plainText(swagger)} is not read here`,
        'convert the document to OpenAPI 3.1, for instance with https://converter.swagger.io',
      );
    } else {
      const suggestion =
        didYouMean('openapi', Object.keys(root.value)) ?? "begin it with 'openapi: 3.1.1'";
      remarks.error('no-version', root, "the document has no 'openapi' field", suggestion);
    }
    return undefined;
  }
  const text = typeof at.value === 'number' ? at.value.toFixed(1) : at.value;
  const version = typeof text === 'string' ? /^3\.([012])(?:\.\d+)?(?:-.*)?$/.exec(text) : null;
  if (version === null) {
    remarks.error(
      'unsupported-version',
      at,
      `this version of OpenAPI is not read here`,
      'write 3.0.4 or 3.1.1, whichever the document follows',
    );
    return undefined;
  }
  if (version[1] === '2') {
    remarks.warn(
      'version-3.2',
      at,
      'OpenAPI 3.2 is read as 3.1: what is new in 3.2 is not enforced',
    );
  }
  return version[1] === '0' ? '3.0' : '3.1';
}

function readOutline(
  root: Place,
  reading: Reading,
): Pick<CompiledApi, 'title' | 'version'> | undefined {
  const { remarks } = reading;
  checkFields(root, 'root', remarks, { extensible: true });
  const names = Object.keys(root.value as object);
  const info = child(root, 'info');
  if (!isFields(info.value)) {
    const message = `'info' should be an object, found ${nameOf(info.value)}`;
    remarks.warn('no-info', info, message, didYouMean('info', names));
  }
  const paths = child(root, 'paths');
  if (!isFields(paths.value) && paths.value !== null) {
    const isOptional = reading.version === '3.1' && paths.value === undefined;
    const hasOther = ['webhooks', 'components'].some((name) => names.includes(name));
    if (!(isOptional && hasOther)) {
      const message = `'paths' must be an object, found ${nameOf(paths.value)}`;
      remarks.error('wrong-type', paths, message, didYouMean('paths', names));
      return undefined;
    }
  }
  return { title: labelOf(info.value, 'title'), version: labelOf(info.value, 'version') };
}

/** Told to people, enforced by nobody. `version: 1.0` is a number to YAML. */
function labelOf(info: unknown, key: string): string {
  return plainText(ownMember(info, key));
}

function placeOf(address: string, documents: Documents): Place | undefined {
  const hash = address.indexOf('#');
  const id = hash < 0 ? address : address.slice(0, hash);
  const document = documents.documentOf(id);
  if (document === undefined) return undefined;
  const pointer = hash < 0 ? '' : address.slice(hash + 1);
  return { document, pointer: pointer.startsWith('/') ? pointer : '', value: undefined };
}

function placeOperations(operations: readonly ReadOperation[]): CompiledOperation[] {
  const placed: CompiledOperation[] = [];
  const byDocument = Map.groupBy(operations, ({ place }) => place.document);
  const lines = new Map<ReadOperation, { line: number; column: number }>();
  for (const [document, reads] of byDocument) {
    const positions = document.positions(reads.map(({ place }) => place.pointer));
    for (const [index, read] of reads.entries()) lines.set(read, positions[index]!);
  }
  for (const read of operations) {
    placed.push({ ...read.operation, file: read.place.document.id, ...lines.get(read)! });
  }
  return placed;
}
