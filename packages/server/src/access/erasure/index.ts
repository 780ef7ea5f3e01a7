export { type ErasedPerson, PersonEraser, type PersonTables } from './person-eraser.ts';
