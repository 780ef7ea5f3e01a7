export {
  awaitLock,
  DirectoryHeldError,
  type DirectoryLock,
  inspectDataDirectory,
  lockDirectory,
  lockFiles,
  prepareDataDirectory,
  removeRemnants,
  SERVING_LOCK,
} from './data-directory.ts';
export { FirstStart } from './first-start.ts';
