export { workInBackground } from './background-priority.ts';
export {
  type Child,
  type ChildProgram,
  hearParent,
  type Launch,
  serveParent,
  startChild,
  WatchedChild,
} from './child-process.ts';
export { collectWhatStartingLeft } from './collect-start.ts';
export { type Collector, collector } from './collector.ts';
export { leaveNurseriesToThreads, SMALL_NURSERY } from './nursery.ts';
export { type ListenerPlace, PlaceFault, placeFault, placeTaken } from './place-fault.ts';
