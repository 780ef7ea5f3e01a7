import { pathToFileURL } from 'node:url';
import { asWritten, compileApi, packApi } from '@poorter/openapi';
import type { IssuerConfiguration } from '../../configuration/schema.ts';
import type { DetailTypeSnapshot } from '../../messages/between-issuer.ts';
import { referredFile } from './referred-file.ts';
import type { SourceReader } from './source-reader.ts';

const BUILT_IN = ['account_information', 'payment_initiation'];

/** Kinds of authorization details that the deployment describes. What is wrong with a schema is told at its place. */
export function readDetailTypes(
  { detailTypes }: IssuerConfiguration,
  reader: SourceReader,
): DetailTypeSnapshot[] {
  return Object.entries(detailTypes).flatMap(([type, { schema, titles, signed }]) => {
    const at = ['issuer', 'detailTypes', type];
    if (BUILT_IN.includes(type)) {
      reader.fault(at, 'detail-type', `${type} is described by this program; choose another name`);
      return [];
    }
    const compiled = compileDetails([...at, 'schema'], schema, reader);
    return compiled === null ? [] : [{ type, isSigned: signed, titles, schema: compiled }];
  });
}

/** As the body of an operation: the same checks as for calls. Null: it is reported why. */
function compileDetails(
  at: readonly PropertyKey[],
  file: string,
  reader: SourceReader,
): DetailTypeSnapshot['schema'] | null {
  const errorsBefore = reader.errors.length;
  reader.readOrReport(at, file, 'the schema');
  if (reader.errors.length > errorsBefore) return null;
  const path = reader.path(file);
  const { href } = pathToFileURL(path);
  // Stands beside it, so that its own references lead where they did.
  const uri = new URL('./.detail', href).href;
  const result = compileApi(
    { uri, text: JSON.stringify(described(href)) },
    {
      read: (from, reference) => reader.read(referredFile(from, reference, path), 'description'),
      readExtension: asWritten,
      strictProperties: false,
    },
  );
  if (!result.ok) {
    for (const error of result.errors) reader.report(error);
    return null;
  }
  const { digest, bytes } = packApi(result.api);
  return { digest, base64: Buffer.from(bytes).toString('base64') };
}

function described(schema: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'Details', version: '1' },
    security: [],
    paths: {
      '/detail': {
        post: {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: schema } } },
          },
          responses: { default: { description: 'none' } },
        },
      },
    },
  };
}
