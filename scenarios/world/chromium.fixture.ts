import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { PATIENCE_MS } from './patience.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';

export const skipChromium =
  spawnSync('chromium', ['--version']).status !== 0 && 'chromium is not installed';

interface Told {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly params?: Record<string, unknown>;
}

/** A real browser, driven by the protocol of its developer tools, with an authenticator that verifies a person. */
export class Chromium {
  /** Of pages; without them nothing that waits comes back. */
  runsScripts = true;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (told: Told) => void>();
  readonly #complaints: string[] = [];
  readonly #asked: string[] = [];
  #session: string | undefined;
  #last = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#hear(JSON.parse(String(data)) as Told));
  }

  /** What its console says of pages: errors, and what a policy kept out. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  /** Every address that it asked for, in order. */
  get asked(): readonly string[] {
    return this.#asked;
  }

  async open(): Promise<void> {
    const { targetId } = await this.#send('Target.createTarget', { url: 'about:blank' });
    const attached = await this.#send('Target.attachToTarget', { targetId, flatten: true });
    this.#session = String(attached['sessionId']);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'WebAuthn']) {
      await this.#send(`${domain}.enable`);
    }
    await this.#send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal' },
        ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
        automaticPresenceSimulation: true,
      },
    });
  }

  /** As wide as a small telephone. */
  async show(theme: 'light' | 'dark', language: string): Promise<void> {
    const size = { width: 360, height: 640, deviceScaleFactor: 1, mobile: true };
    await this.#send('Emulation.setDeviceMetricsOverride', size);
    const features = [{ name: 'prefers-color-scheme', value: theme }];
    await this.#send('Emulation.setEmulatedMedia', { features });
    const userAgent = String((await this.#send('Browser.getVersion'))['userAgent']);
    await this.#send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: language });
  }

  async scripts(isOn: boolean): Promise<void> {
    this.runsScripts = isOn;
    await this.#send('Emulation.setScriptExecutionDisabled', { value: !isOn });
  }

  /** Certificates of no authority that it knows. */
  async trustAnything(): Promise<void> {
    await this.#send('Security.setIgnoreCertificateErrors', { ignore: true });
  }

  /** Of this address, as it keeps them. */
  async cookies(url: string): Promise<readonly Record<string, unknown>[]> {
    const { cookies } = await this.#send('Network.getCookies', { urls: [url] });
    return cookies as readonly Record<string, unknown>[];
  }

  async go(url: string): Promise<void> {
    await this.#send('Page.navigate', { url });
  }

  /** Of an expression in the page; undefined while there is none. */
  async read(expression: string): Promise<unknown> {
    const answer = await this.#send('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true },
    }).catch(() => ({}) as Record<string, unknown>);
    return (answer['result'] as { value?: unknown } | undefined)?.value;
  }

  async until(expression: string): Promise<void> {
    const endsAt = performance.now() + PATIENCE_MS;
    while ((await this.read(expression)) !== true) {
      if (performance.now() > endsAt) {
        const shown = await this.read('location.href + " " + document.body.innerText');
        throw new Error(`not to be seen: ${expression}; but ${shown}`);
      }
      await pause(50);
    }
  }

  /** The whole page, as PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(String(data), 'base64');
  }

  /** By the key that everybody has. */
  async press(key: 'Enter' | 'Tab'): Promise<void> {
    const code = key === 'Enter' ? 13 : 9;
    const event = { key, code: key, windowsVirtualKeyCode: code };
    const text = key === 'Enter' ? { text: '\r' } : {};
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...text });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  /** Into whatever has the focus. */
  async type(text: string): Promise<void> {
    await this.#send('Input.insertText', { text });
  }

  #send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, ({ result, error }) => {
      if (error === undefined) resolve(result ?? {});
      else reject(new Error(`${method}: ${error.message}`));
    });
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }));
    return promise;
  }

  #hear({ id, method, params, ...told }: Told): void {
    if (id !== undefined) this.#waiting.get(id)?.(told);
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown') {
      this.#complaints.push(JSON.stringify(params));
    }
    if (method === 'Network.requestWillBeSent') {
      this.#asked.push((params as { request: { url: string } }).request.url);
    }
  }
}

export async function startChromium(t: Lifetime): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'poorter-chromium-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
  const child = spawn('chromium', [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const found = /ws:\/\/\S+/.exec(said)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`chromium ended: ${said}`)));
  });
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  t.after(() => socket.terminate());
  const chromium = new Chromium(socket);
  await chromium.open();
  return chromium;
}
