import { type ShapeBuilder, startBuilder, type Unit } from './build-shapes.ts';
import { warnOfOldDialects } from './dialects.ts';
import { entryKey } from './entry-key.ts';
import { generateUnit } from './generate.ts';
import { addressOf, escapeStep, type Location } from './locations.ts';
import { remarkOnOverlaps } from './overlaps.ts';
import { openRegistry, type Registry } from './registry.ts';
import { emptyScope, keyOf } from './scope.ts';
import { deeperChildren, inPlaceChildren, type Shape } from './shape.ts';
import type { CompiledSchemas, CompileOptions, SchemaDiagnostic, SchemaEntry } from './types.ts';
import { componentsOf, linksOf, repeatedlyEntered } from './unit-graph.ts';
import { remarkOnNotes } from './unknown-keywords.ts';

type WrittenSchemas = CompiledSchemas & {
  readonly units: readonly string[];
  readonly shapes: readonly Shape[];
};

/**
 * Turns schemas into source text: resolve every reference, restate every dialect, specialise by
 * direction where that matters, then write one unit for each schema that others share.
 */
export function compileSchemas(options: CompileOptions): WrittenSchemas {
  return readSchemas(options).write();
}

/** All that is wrong with them is known before anything is written. */
export function readSchemas(options: CompileOptions): {
  readonly diagnostics: readonly SchemaDiagnostic[];
  readonly write: () => WrittenSchemas;
} {
  const diagnostics = new Map<string, SchemaDiagnostic>();
  const note = (diagnostic: SchemaDiagnostic) => {
    const { severity, address, message } = diagnostic;
    diagnostics.set(JSON.stringify([severity, address, message]), diagnostic);
  };
  const registry = openRegistry(options.documents, options.dialect);
  warnOfOldDialects(options.documents, note);
  const found = findEntries(options, registry, note);

  // First without direction: that tells which schemas a direction changes at all.
  const draft = build(options, registry, note, found, () => false);
  const directed = unitsWithDirection(draft);
  const isNeeded = directed.size > 0 && found.some(({ entry }) => entry.direction !== 'neither');
  const builder = isNeeded
    ? build(options, registry, note, found, (location, scope) => {
        const neutral = { ...scope, direction: 'neither' as const, exempt: [] };
        return scope.direction !== 'neither' && directed.has(keyOf(location, neutral));
      })
    : draft;

  refuseEndlessReferences(builder, note);
  const entries: [string, number][] = found.map(({ entry, location }) => [
    entryKey(entry),
    builder.unitFor(location, emptyScope(entry.direction)),
  ]);
  if (options.reading === 'meant') {
    remarkOnOverlaps(builder.alternatives, builder.units, note);
    remarkOnNotes(builder.takenForNotes, note);
  }
  const told = [...diagnostics.values()];
  return { diagnostics: told, write: () => write(builder, entries, told, options) };
}

function write(
  builder: ShapeBuilder,
  entries: readonly (readonly [string, number])[],
  diagnostics: readonly SchemaDiagnostic[],
  { formats }: CompileOptions,
): WrittenSchemas {
  const remembered = repeatedlyEntered(builder.units);
  const shapeOf = (unit: number) => builder.units[unit]!.shape;
  const units = builder.units.map(({ index, shape }) =>
    generateUnit(shape, {
      shapeOf,
      remembers: remembered.has(index),
      constantOf: (unit) => constantOf(builder.units[unit]!),
    }),
  );
  const cutting = withCallers(builder, (unit) => unit.cutsMembers);
  const floats = withCallers(builder, (unit) => hasFloat(unit.shape));
  return {
    units,
    shapes: builder.units.map(({ shape }) => shape),
    entries: Object.fromEntries(entries),
    diagnostics,
    ...(cutting.size > 0 ? { cutting: [...cutting] } : {}),
    ...(floats.size > 0 ? { floats: [...floats] } : {}),
    ...(formats === 'report' ? { reportsFormats: true } : {}),
  };
}

function hasFloat(root: Shape): boolean {
  const waiting = [root];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    if (shape.format === 'float' && !shape.isFormatReported) return true;
    waiting.push(...inPlaceChildren(shape), ...deeperChildren(shape));
  }
  return false;
}

type Note = (diagnostic: SchemaDiagnostic) => void;
interface FoundEntry {
  readonly entry: SchemaEntry;
  readonly location: Location;
}

function findEntries(options: CompileOptions, registry: Registry, note: Note): FoundEntry[] {
  const found: FoundEntry[] = [];
  for (const entry of options.entries) {
    const location = registry.locate(entry.address);
    if (location !== undefined) found.push({ entry, location });
    else {
      const { address } = entry;
      note({ severity: 'error', address, message: 'there is no schema at this address' });
    }
  }
  return found;
}

function build(
  options: CompileOptions,
  registry: Registry,
  note: Note,
  found: readonly FoundEntry[],
  keepsDirection: Parameters<typeof startBuilder>[3],
): ShapeBuilder {
  const builder = startBuilder(
    options,
    registry,
    (severity, { location, steps = [] }, message, suggestion) => {
      const address = [addressOf(location), ...steps.map(escapeStep)].join('/');
      note({ severity, address, message, ...(suggestion === undefined ? {} : { suggestion }) });
    },
    keepsDirection,
  );
  for (const { entry, location } of found) {
    builder.unitFor(location, emptyScope(entry.direction));
  }
  builder.finish();
  return builder;
}

/** Keys of the units that hold a readOnly or writeOnly property, or lead to one that does. */
function unitsWithDirection(builder: ShapeBuilder): Set<string> {
  const marked = withCallers(builder, (unit) => unit.mentionsDirection);
  const { units } = builder;
  return new Set([...marked].map((index) => keyOf(units[index]!.location, units[index]!.scope)));
}

/** The units that are so, and all that refer to them. */
function withCallers({ units }: ShapeBuilder, isSo: (unit: Unit) => boolean): Set<number> {
  const callers = new Map<number, number[]>();
  for (const unit of units) {
    for (const target of linksOf(unit.shape).all) {
      const list = callers.get(target);
      if (list === undefined) callers.set(target, [unit.index]);
      else list.push(unit.index);
    }
  }
  const marked = new Set<number>();
  const waiting = units.filter(isSo).map((unit) => unit.index);
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (marked.has(at)) continue;
    marked.add(at);
    waiting.push(...(callers.get(at) ?? []));
  }
  return marked;
}

/** `{"$ref": "#"}` alone would apply itself to the same value for ever. */
function refuseEndlessReferences({ units }: ShapeBuilder, note: Note): void {
  const inPlace = units.map((unit) => linksOf(unit.shape).inPlace);
  for (const component of componentsOf(inPlace)) {
    const [first] = component;
    if (component.length === 1 && !inPlace[first!]!.includes(first!)) continue;
    for (const index of component) {
      const unit = units[index]!;
      unit.shape = { id: 0, never: true };
      const address = addressOf(unit.location);
      const message = 'this schema refers back to itself without going deeper into the value';
      note({ severity: 'error', address, message });
    }
  }
}

function constantOf({ shape }: Unit): boolean | undefined {
  if (shape.never) return false;
  return Object.keys(shape).length === 1 ? true : undefined;
}
