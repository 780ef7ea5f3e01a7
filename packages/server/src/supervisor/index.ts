export { startControl } from './start-control.ts';
export { realPlace } from './supervised-place.ts';
export { type StartedFacts, Supervisor } from './supervisor.ts';
