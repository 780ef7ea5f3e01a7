export {
  type Erasure,
  pseudonym,
  type Subject,
  SubjectKeys,
  type SubjectKeyTables,
} from './subject-keys.ts';
