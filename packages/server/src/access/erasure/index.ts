export { type ErasedPerson, PersonEraser } from './person-eraser.ts';
