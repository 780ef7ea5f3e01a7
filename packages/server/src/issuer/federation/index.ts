export { inspectProviders } from './inspect-providers.ts';
