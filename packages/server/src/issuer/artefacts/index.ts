export {
  type Artefact,
  ArtefactStore,
  type ArtefactTables,
  type FoundArtefact,
} from './artefact-store.ts';
export { issuerMigrations } from './issuer-migrations.ts';
