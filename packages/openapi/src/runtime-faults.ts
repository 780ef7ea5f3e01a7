import { parseJsonText, readJson } from './json/index.ts';
import { hasEscapedName, parseNatively } from './json/parse-json-text.ts';
import { judgePattern } from './json-schema/patterns/judge-pattern.ts';
import { openMatcher } from './json-schema/patterns/matcher.ts';

/** A known fault of the JavaScript engine that was found in the one running now. */
export interface RuntimeFault {
  readonly id: RuntimeFaultId;
  /** One sentence for whoever runs the program. */
  readonly what: string;
  readonly reference: string;
  /** First release of Node without it; null while there is none. */
  readonly mendedIn: string | null;
  /** False: our own code was seen to go wrong here as well, and must not decide anything. */
  readonly isContained: boolean;
}

export type RuntimeFaultId = 'json-escaped-names' | 'pattern-end-beyond-bmp';

/** What the probes ask: the native engine, and our own code that must be right in any case. */
interface Probe {
  readonly fault: Omit<RuntimeFault, 'isContained'>;
  readonly isPresent: () => boolean;
  readonly isContained: () => boolean;
}

/**
 * Asks the runtime about every fault that our code avoids, once at start. A fault that is present
 * is avoided on any runtime; whether that holds on this one is tried out here too.
 */
export function findRuntimeFaults(probes: readonly Probe[] = PROBES): readonly RuntimeFault[] {
  return probes
    .filter(({ isPresent }) => isPresent())
    .map(({ fault, isContained }) => ({ ...fault, isContained: isContained() }));
}

/** Throws where a fault of the runtime reaches our own code: nothing decided here would be safe. */
export function refuseUnsafeRuntime(faults: readonly RuntimeFault[]): void {
  const unsafe = faults.filter(({ isContained }) => !isContained);
  if (unsafe.length === 0) return;
  const reasons = unsafe.map(({ what, reference }) => `${what} (${reference})`).join('; ');
  throw new Error(`this runtime is not safe to decide on: ${reasons}; use another release of Node`);
}

/**
 * Throws where the runtime misreads what our code reads around, and another release does not: for
 * hosts whose handlers run in this process, and read with what the runtime has.
 */
export function refuseMisreadingRuntime(faults: readonly RuntimeFault[]): void {
  for (const { what, reference, mendedIn } of faults) {
    if (mendedIn === null) continue;
    throw new Error(
      `on Node ${process.versions.node} ${what} (${reference}), and so would a handler read what was checked: use Node ${mendedIn} or newer`,
    );
  }
}

const PREPARING = '{"poorterProbe":1,"\\\\u0061":0}';
const ASKED = '{"poorterProbe":1,"\\u0061mount":2}';
const PREPARING_SHORT = '{"poorterShortProbe":[],"\\\\":0}';
const ASKED_SHORT = '{"poorterShortProbe":1,"\\"":2}';

function readsRightly(parse: (text: string) => unknown): boolean {
  for (let round = 0; round < 4; round++) {
    parse(PREPARING);
    parse(PREPARING_SHORT);
  }
  const names = (text: string) => Object.keys(parse(text) as object).join(' ');
  return names(ASKED) === 'poorterProbe amount' && names(ASKED_SHORT) === 'poorterShortProbe "';
}

function readsBodyRightly(): boolean {
  return readsRightly((text) => {
    const reading = readJson(Buffer.from(text), PROBE_BOUNDS);
    return reading.ok ? reading.value : {};
  });
}

const PROBE_BOUNDS = { depthMax: 8, stringLengthMax: 64, itemsMax: 8 };

/** Classes of every notation that a schema may use, each on one character beyond U+FFFF. */
const END_PATTERNS = ['[^a]$', '[^A-Za-z0-9]$', '[\\W]$', '[\\p{L}\\p{S}]$', '^a$|[^b]$', '[😀]$'];
const BEYOND_BMP = '😀';

const PROBES: readonly Probe[] = [
  {
    fault: {
      id: 'json-escaped-names',
      what: 'JSON.parse takes escaped member names for others that it has read before',
      reference: 'nodejs/node#63785',
      mendedIn: '26.12.1',
    },
    isPresent: () => !readsRightly(parseNatively),
    isContained: () => hasEscapedName(ASKED) && readsRightly(parseJsonText) && readsBodyRightly(),
  },
  {
    fault: {
      id: 'pattern-end-beyond-bmp',
      what: 'regular expressions that end in $ overlook characters beyond U+FFFF',
      reference: '/[^a]$/u in V8 14.6',
      mendedIn: null,
    },
    isPresent: () => !END_PATTERNS.every((source) => new RegExp(source, 'u').test(BEYOND_BMP)),
    isContained: () =>
      END_PATTERNS.every((source) => openMatcher(judgePattern(source).spec).test(BEYOND_BMP)),
  },
];
