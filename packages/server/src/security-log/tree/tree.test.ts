import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Frontier } from './frontier.ts';
import { EMPTY_ROOT, HASH_BYTES, hashLeaf, hashNode, splitPoint } from './hashing.ts';
import {
  checkConsistency,
  checkInclusion,
  frontierOf,
  proveConsistency,
  proveInclusion,
  rangeRoot,
  type TileReader,
} from './proofs.ts';
import { levelWidth, TILE_WIDTH, TileTree } from './tiles.ts';

/** Made with golang.org/x/mod/sumdb/tlog: 1,000 records "record N". */
const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'vectors.fixture.json'), 'utf8'),
) as {
  roots: Record<string, string>;
  inclusion: { index: number; size: number; path: string[] }[];
  consistency: { from: number; size: number; path: string[] }[];
};

const hashes = Array.from({ length: 1000 }, (_, at) => hashLeaf(Buffer.from(`record ${at}`)));

function grown(leaves: readonly Buffer[]): { tree: TileTree; tiles: TileReader } {
  const tree = new TileTree();
  const stored = new Map<string, Buffer>();
  const keep = () => {
    for (const { level, index, hashes } of tree.takeChanged()) {
      stored.set(`${level}/${index}`, hashes);
    }
  };
  for (const [at, leaf] of leaves.entries()) {
    tree.append(leaf);
    if (at % 97 === 0) keep();
  }
  keep();
  const tiles: TileReader = {
    async tile(level, index) {
      const tile = stored.get(`${level}/${index}`);
      if (tile !== undefined) return tile;
      if (level === 0) return Buffer.concat(leaves.slice(index * TILE_WIDTH));
      throw new Error(`no tile ${level}/${index}`);
    },
  };
  return { tree, tiles };
}

/** RFC 9162 §2.1.1, word for word. */
function definedRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Buffer;
  const middle = splitPoint(leaves.length);
  return hashNode(definedRoot(leaves.slice(0, middle)), definedRoot(leaves.slice(middle)));
}

test('roots are those that Certificate Transparency gives for its own eight leaves', () => {
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const tree = new TileTree();
  const frontier = new Frontier();
  assert.equal(tree.root().toString('hex'), roots[0]);
  for (const [at, input] of inputs.entries()) {
    const leaf = hashLeaf(Buffer.from(input, 'hex'));
    tree.append(leaf);
    frontier.push(leaf);
    assert.equal(tree.root().toString('hex'), roots[at + 1]);
    assert.equal(frontier.root().toString('hex'), roots[at + 1]);
  }
});

test("roots and proofs equal those of Go's sumdb/tlog, byte for byte", async () => {
  const { tiles } = grown(hashes);
  assert.ok(Object.keys(vectors.roots).length >= 10);
  const rootAt = (size: number) => definedRoot(hashes.slice(0, size));
  for (const [size, root] of Object.entries(vectors.roots)) {
    const { tree } = grown(hashes.slice(0, Number(size)));
    assert.equal(tree.root().toString('hex'), root);
    assert.equal((await rangeRoot(tiles, 0, Number(size))).toString('hex'), root);
  }
  for (const { index, size, path } of vectors.inclusion) {
    const ours = await proveInclusion(tiles, index, size);
    assert.deepEqual(
      ours.map((hash) => hash.toString('hex')),
      path,
    );
    assert.ok(checkInclusion(hashes[index] as Buffer, index, size, ours, rootAt(size)));
  }
  for (const { from, size, path } of vectors.consistency) {
    const ours = await proveConsistency(tiles, from, size);
    assert.deepEqual(
      ours.map((hash) => hash.toString('hex')),
      path,
    );
    assert.ok(checkConsistency(from, size, ours, rootAt(from), rootAt(size)));
  }
});

test('every proof of every small tree checks, and no other root, index or size does', async () => {
  for (let size = 1; size <= 20; size++) {
    const leaves = hashes.slice(0, size);
    const { tiles } = grown(leaves);
    const root = definedRoot(leaves);
    for (let index = 0; index < size; index++) {
      const path = await proveInclusion(tiles, index, size);
      const leaf = leaves[index] as Buffer;
      assert.ok(checkInclusion(leaf, index, size, path, root));
      assert.ok(!checkInclusion(hashes[999] as Buffer, index, size, path, root));
      for (let other = 0; other < size; other++) {
        if (other !== index) assert.ok(!checkInclusion(leaf, other, size, path, root));
      }
      assert.ok(!checkInclusion(leaf, index, size, [...path, leaf], root));
      if (path.length > 0) assert.ok(!checkInclusion(leaf, index, size, path.slice(1), root));
    }
    for (let from = 1; from <= size; from++) {
      const path = await proveConsistency(tiles, from, size);
      const old = definedRoot(leaves.slice(0, from));
      assert.ok(checkConsistency(from, size, path, old, root));
      assert.ok(!checkConsistency(from, size, path, hashes[999] as Buffer, root));
      if (from < size) assert.ok(!checkConsistency(from, size, path, old, hashes[999] as Buffer));
      assert.ok(!checkConsistency(from, size, [...path, root], old, root));
    }
  }
});

test('a tree of any size, opened again at any point, is the tree of the definition', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1000), fc.nat(1000), async (a, b) => {
      const [first, size] = [Math.min(a, b), Math.max(a, b)];
      const before = grown(hashes.slice(0, first));
      const open: Uint8Array[] = [];
      for (let level = 0; levelWidth(first, level) > 0; level++) {
        const width = levelWidth(first, level);
        const filled = width % TILE_WIDTH;
        const index = Math.floor(width / TILE_WIDTH);
        open.push(filled === 0 ? Buffer.alloc(0) : await before.tiles.tile(level, index));
      }
      const again = new TileTree(first, open);
      for (const leaf of hashes.slice(first, size)) again.append(leaf);
      const root = definedRoot(hashes.slice(0, size));
      assert.deepEqual(again.root(), root);
      assert.deepEqual(
        again.frontier(),
        await frontierOf(grown(hashes.slice(0, size)).tiles, size),
      );
      const frontier = new Frontier(first, before.tree.frontier());
      for (const leaf of hashes.slice(first, size)) frontier.push(leaf);
      assert.deepEqual(frontier.root(), root);
    }),
    { numRuns: 60 },
  );
});

test('proof checkers survive any input', () => {
  const anyHash = fc.uint8Array({ maxLength: HASH_BYTES + 1 });
  fc.assert(
    fc.property(
      fc.oneof(fc.integer(), fc.double()),
      fc.oneof(fc.integer(), fc.double()),
      fc.array(anyHash, { maxLength: 80 }),
      anyHash,
      anyHash,
      (a, b, path, one, other) => {
        assert.equal(checkInclusion(one, a, b, path, other), false);
        if (a !== b) assert.equal(checkConsistency(a, b, path, one, other), false);
      },
    ),
  );
});
