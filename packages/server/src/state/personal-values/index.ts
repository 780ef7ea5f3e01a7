export {
  type ErasureMark,
  type FoundValues,
  type PersonalCopies,
  type PersonalValues,
  SoughtPerson,
} from './personal-values.ts';
