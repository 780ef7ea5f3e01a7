import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { startBank } from '../examples/bank/bank.ts';
import { servePage } from '../examples/browser-app/serve-page.ts';
import { SERVE_ARGUMENTS, SERVE_OPTIONS } from '../packages/server/src/cli/commands/serve.ts';
import { defineVerb, type Given } from '../packages/server/src/cli/definition/define-command.ts';
import { readArguments } from '../packages/server/src/cli/definition/read-arguments.ts';
import { type PreparedDemo, prepareDemo } from '../packages/server/src/cli/demo/prepare-demo.ts';

/**
 * `npm start`: the sample bank behind Poorter, with calls to paste; also with `--listen`, `--control`, `--data` and
 * `--threads` of `poorter serve`.
 * `npm start -- openapi.yaml --upstream URL`: the reader's own API, same as `poorter serve`.
 */
const root = join(import.meta.dirname, '..');
const main = join(root, 'packages/server/src/main.ts');
const argv = process.argv.slice(2);
const { listen, control, data, threads } = SERVE_OPTIONS;
const DEMO_OPTIONS = { listen, control, data, threads } as const;
type DemoGiven = Given<typeof DEMO_OPTIONS>;
const given = optionsOfDemo();
if (given === null) serve(argv);
else await demo(given);

/** Null: whatever else stands in the line is for `poorter serve`, which also says what is wrong with it. */
function optionsOfDemo(): DemoGiven | null {
  const verb = defineVerb({
    ...{ purpose: 'the sample bank', options: SERVE_OPTIONS, arguments: SERVE_ARGUMENTS },
    run: async () => 0,
  });
  try {
    const read = readArguments(verb, argv, { environment: process.env, now: Date.now() });
    const typed = argv.filter((word) => word.startsWith('--')).map((word) => word.slice(2));
    const areOurs = typed.every((word) => Object.hasOwn(DEMO_OPTIONS, word.split('=')[0] ?? ''));
    return areOurs && read['document'] === undefined ? (read as DemoGiven) : null;
  } catch {
    return null;
  }
}

async function demo(given: DemoGiven): Promise<void> {
  const data = given.data === undefined ? join(root, 'poorter-data') : resolve(given.data);
  const bank = await startBank(await freePort(3_000));
  const listen = given.listen ?? `127.0.0.1:${await freePort(8_080)}`;
  const control = given.control ?? `127.0.0.1:${await freePort(9_090)}`;
  const gate = listen.slice(listen.lastIndexOf(':') + 1);
  const login = await freePort(9_091);
  const pagePort = await freePort(8_070);
  const key = demoKey(data);
  const api = `http://${listen}/v1`;
  // Passkeys hold for a name, and browsers refuse an address.
  const origin = `http://localhost:${login}`;
  // Cookies, too: those of the gate are kept for localhost.
  const publicOrigin = `http://localhost:${gate}`;
  const page = `http://localhost:${pagePort}`;
  const configuration = {
    listen: [{ address: listen }],
    publicOrigin,
    control: { address: control },
    dataDirectory: data,
    issuer: { origin, address: `127.0.0.1:${login}` },
    apis: [
      {
        ...{ spec: join(root, 'examples/bank/bank.openapi.yaml'), upstream: bank.url },
        flows: ['redirect', 'embedded', 'decoupled', 'device', 'session'],
        cors: { origins: [page], credentials: true },
      },
    ],
  };
  const file = join(data, 'demo.yaml');
  writeFileSync(file, stringify(configuration), { mode: 0o600 });
  const threads = given.threads === undefined ? [] : ['--threads', String(given.threads)];
  serve(['--config', file, ...threads], async () => {
    const there = given.data === undefined ? '' : ` --data ${data}`;
    process.stdout.write(callsToPaste(api, key, there));
    const prepared = await prepareDemo(data, { api, origin, page }, process.env);
    await servePage({ gate: publicOrigin, client: prepared.place.page?.id ?? '' }, pagePort);
    process.stdout.write(flowsToRun(prepared, there));
  });
}

/** `there`: where commands find the server, if they have to be told. */
function callsToPaste(origin: string, key: string, there: string): string {
  const asKey = `-H 'X-Api-Key: ${key}'`;
  const payment = `{"debtorAccount":"acc-1001","creditorIban":"BE71096123456769","creditorName":"An","instructedAmount":{"amount":10.005,"currency":"EUR"}}`;
  return `Paste these, one after the other:

  # allowed; the service also sent a national number, which the description does not know: it is gone
  curl -i ${origin}/accounts/acc-1001 ${asKey}

  # 401: no credentials
  curl -i ${origin}/accounts

  # 400 with a pointer: the amount has a tenth of a cent
  curl -i ${origin}/payments ${asKey} -H 'Content-Type: application/json' -d '${payment}'

  # 429: the sixth call within a minute
  for n in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{http_code}\\n' ${origin}/accounts ${asKey}; done

In another terminal, here:

  npx poorter log search --names${there}     what was decided, about whom, and why
  npx poorter log verify${there}             that nobody changed a record since
  npx poorter keys create --name my-app --scopes accounts${there}     a key that works when it is printed
  npx poorter status${there}

`;
}

function flowsToRun({ place, link }: PreparedDemo, there: string): string {
  const { origin, application, reader, page } = place;
  const comeIn =
    link === null
      ? 'sign in with your passkey'
      : `make a passkey by this link, which opens once: ${link}`;
  return `The authorization server (OAuth 2.1, OpenID Connect): ${origin}/.well-known/openid-configuration

  person              ${reader.login}: ${comeIn}
                      then ${origin}/account
  sample page         ${page?.origin}/, which calls the API with a cookie and never sees a token
  sandbox client      ${application.id}, an application on this machine (PKCE, http://127.0.0.1/callback on any port)

Each flow for real, message by message; the person is played, or with --browser it is you:

  npx poorter demo redirect${there}      an application sends somebody to sign in and say yes
  npx poorter demo embedded${there}      an application of the bank's own signs somebody in itself
  npx poorter demo device${there}        a device without a browser shows a code
  npx poorter demo decoupled${there}     a till asks somebody on a device of their own
  npx poorter demo machine${there}       a program acts for itself, with a token that is bound to its key
  npx poorter demo payment${there}       somebody approves a payment, and no other can be made

Stop with Ctrl-C. Your own API: npm start -- openapi.yaml --upstream http://127.0.0.1:3000
`;
}

/** One key for the demo, kept in a 0600 file beside the data so that pasted lines work after a restart. */
function demoKey(data: string): string {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const kept = join(data, 'demo-key.txt');
  const keys = join(data, 'keys.yaml');
  try {
    return readFileSync(kept, 'utf8').trim();
  } catch {
    // The first start.
  }
  const created = spawnSync(
    process.execPath,
    [
      ...process.execArgv,
      main,
      'keys',
      'create',
      '--file',
      keys,
      '--name',
      'demo',
      '--scopes',
      'accounts,payments',
    ],
    { encoding: 'utf8' },
  );
  if (created.status !== 0) throw new Error(`making the demo key: ${created.stderr}`);
  const key = created.stdout.trim();
  writeFileSync(kept, `${key}\n`, { mode: 0o600 });
  return key;
}

function serve(args: readonly string[], onStarted: () => unknown = () => undefined): void {
  const child = spawn(process.execPath, [...process.execArgv, main, 'serve', ...args], {
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  let said = '';
  let hasStarted = false;
  child.stdout.on('data', (text: Buffer) => {
    process.stdout.write(text);
    if (hasStarted) return;
    said += text.toString();
    if (!said.includes('  data ')) return;
    hasStarted = true;
    onStarted();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code) => process.exit(code ?? 1));
}

/** The usual port when it is free, else any. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => {
      if (wanted === 0) reject(new Error('no free port'));
      else resolve(freePort(0));
    });
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : wanted),
      );
    });
  });
}
