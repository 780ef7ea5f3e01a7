export { packageFile, runsFromSource, startedFile } from './program-files.ts';
export { programVersion } from './program-version.ts';
