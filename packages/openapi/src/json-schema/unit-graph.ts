import type { Unit } from './build-shapes.ts';
import {
  deeperChildren,
  inPlaceChildren,
  linkedUnits,
  type Shape,
  type UnitIndex,
} from './shape.ts';

/** Units a shape leads to: on the same value, and altogether. One entry for each occurrence. */
export function linksOf(root: Shape): { inPlace: UnitIndex[]; all: UnitIndex[] } {
  const inPlace: UnitIndex[] = [];
  const all: UnitIndex[] = [];
  const waiting: [Shape, boolean][] = [[root, true]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [shape, isInPlace] = next;
    const linked = linkedUnits(shape);
    all.push(...linked);
    if (isInPlace) inPlace.push(...linked);
    for (const child of inPlaceChildren(shape)) waiting.push([child, isInPlace]);
    for (const child of deeperChildren(shape)) waiting.push([child, false]);
  }
  return { inPlace, all };
}

/** Recursive units with more than one way back to themselves. */
export function repeatedlyEntered(units: readonly Unit[]): Set<UnitIndex> {
  const links = units.map((unit) => linksOf(unit.shape).all);
  const repeated = new Set<UnitIndex>();
  for (const component of componentsOf(links)) {
    const members = new Set(component);
    let ways = 0;
    for (const index of component) {
      for (const target of links[index]!) if (members.has(target)) ways++;
    }
    if (ways > component.length) for (const index of component) repeated.add(index);
  }
  return repeated;
}

/** Tarjan's strongly connected components, without recursion. */
export function componentsOf(links: readonly (readonly number[])[]): number[][] {
  const order = new Array<number>(links.length).fill(-1);
  const low = new Array<number>(links.length).fill(0);
  const isOpen = new Array<boolean>(links.length).fill(false);
  const open: number[] = [];
  const components: number[][] = [];
  let clock = 0;
  for (let root = 0; root < links.length; root++) {
    if (order[root] !== -1) continue;
    const frames: { at: number; next: number }[] = [{ at: root, next: 0 }];
    while (frames.length > 0) {
      const frame = frames.at(-1)!;
      const { at } = frame;
      if (frame.next === 0) {
        order[at] = low[at] = clock++;
        open.push(at);
        isOpen[at] = true;
      }
      const target = links[at]![frame.next++];
      if (target !== undefined) {
        if (order[target] === -1) frames.push({ at: target, next: 0 });
        else if (isOpen[target]) low[at] = Math.min(low[at]!, order[target]!);
        continue;
      }
      frames.pop();
      const parent = frames.at(-1);
      if (parent !== undefined) low[parent.at] = Math.min(low[parent.at]!, low[at]!);
      if (low[at] !== order[at]) continue;
      const component = open.splice(open.lastIndexOf(at));
      for (const member of component) isOpen[member] = false;
      components.push(component);
    }
  }
  return components;
}
