import { readExtension } from '@poorter/engine/configuration';
import { compileApi, packApi } from '@poorter/openapi';
import { type ContractName, contractDigest } from './read-contract.ts';

const LINE_CHARS = 120;

/** A contract of our own, as `readContract` takes it. It is compiled once, and not at every start. */
export function compiledContract(name: ContractName, contract: string): string {
  const compiled = compileApi(
    { uri: `file:///${name}.openapi.yaml`, text: contract },
    {
      read: () => {
        throw new Error('the contract stands alone');
      },
      readExtension,
      strictProperties: true,
    },
  );
  if (!compiled.ok) throw new Error(`the ${name} contract: ${compiled.errors[0]?.message}`);
  const { digest, bytes } = packApi(compiled.api);
  const text = Buffer.from(bytes).toString('base64');
  const lines = text.match(new RegExp(`.{1,${LINE_CHARS}}`, 'g')) ?? [];
  return `${[contractDigest(contract), digest, ...lines].join('\n')}\n`;
}
