/** A description goes in; out come checks of the calls and answers that it describes. */

export * from './checks.ts';
export {
  type ComparableSchemas,
  type Compared,
  type Loosening,
  SchemaComparison,
} from './json-schema/index.ts';
export * from './openapi/index.ts';
export {
  findRuntimeFaults,
  type RuntimeFault,
  refuseMisreadingRuntime,
  refuseUnsafeRuntime,
} from './runtime-faults.ts';
