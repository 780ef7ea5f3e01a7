import { connect, createServer, type Socket } from 'node:net';
import type { Lifetime } from './poorter.fixture.ts';

/** A wire between a gateway and control that can be cut in each direction alone. */
export interface CuttableLink {
  /** What the gateway is told to connect to. */
  readonly address: string;
  /** What is under way in that direction does not arrive any more. */
  cut(direction: 'to control' | 'to gateway' | 'both'): void;
  /** New connections go through; those that were cut stay cut. */
  mend(): void;
}

export async function startCuttableLink(t: Lifetime, control: string): Promise<CuttableLink> {
  const port = Number(control.split(':').at(-1));
  const isCut = { 'to control': false, 'to gateway': false };
  const sockets = new Set<Socket>();
  const server = createServer((gateway) => {
    if (isCut['to control'] || isCut['to gateway']) return void gateway.destroy();
    const upstream = connect(port, '127.0.0.1');
    const pass = (from: Socket, to: Socket, direction: keyof typeof isCut) => {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!isCut[direction]) to.write(bytes);
      });
      from.on('error', () => undefined);
      // Whoever is cut off does not hear that the other has hung up either.
      from.once('close', () => {
        sockets.delete(from);
        if (!isCut[direction]) to.destroy();
      });
    };
    pass(gateway, upstream, 'to control');
    pass(upstream, gateway, 'to gateway');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port: own } = server.address() as { port: number };
  return {
    address: `localhost:${own}`,
    cut: (direction) => {
      if (direction !== 'to gateway') isCut['to control'] = true;
      if (direction !== 'to control') isCut['to gateway'] = true;
    },
    mend: () => {
      // What was swallowed cannot be made up for: those connections end.
      for (const socket of sockets) socket.destroy();
      isCut['to control'] = isCut['to gateway'] = false;
    },
  };
}
