export { type CompiledSnapshot, compileSnapshot } from './compile-snapshot.ts';
export { readLinkCredentials, readOperatorAddress } from './read-endpoints.ts';
export { type ReadWorld, SourceReader } from './source-reader.ts';
