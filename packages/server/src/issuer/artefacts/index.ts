export {
  type Artefact,
  ArtefactStore,
  type ArtefactTables,
  type FoundArtefact,
} from './artefact-store.ts';
export { BoundToBrowser, type BoundToBrowserPorts } from './bound-to-browser.ts';
export { issuerMigrations } from './issuer-migrations.ts';
