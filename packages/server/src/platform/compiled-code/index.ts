export { keepCompiledCode } from './keep-compiled-code.ts';
