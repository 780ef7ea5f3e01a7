import { setImmediate as turn } from 'node:timers/promises';
import type { GateSnapshot, PackedGateSnapshot } from '@poorter/engine';
import { type CompiledApi, openApiInSteps, unpackApi } from '@poorter/openapi/checks';
import { parseJsonText } from '@poorter/openapi/json';

/** This thread's descriptions. One that a new version still has stays open, its validators compiled. */
export class OpenedDescriptions {
  #byDigest = new Map<string, CompiledApi>();

  /** Opens what is new, a stretch at a time, so that calls go on meanwhile. */
  async open(snapshot: PackedGateSnapshot): Promise<GateSnapshot> {
    const next = new Map<string, CompiledApi>();
    const apis = [];
    for (const { packed, ...api } of snapshot.apis) {
      const compiled = this.#byDigest.get(packed.digest) ?? unpackApi(packed);
      next.set(packed.digest, compiled);
      await openApiInSteps(compiled, () => turn());
      apis.push({ ...api, compiled });
    }
    this.#byDigest = next;
    const keys = parseJsonText(Buffer.from(snapshot.keys).toString('utf8')) as GateSnapshot['keys'];
    return { ...snapshot, apis, keys };
  }
}
