import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { baseDirectory, pathFrom } from '../configuration/base-directory.ts';
import {
  type ConfigurationSource,
  loadGatewayConfiguration,
} from '../configuration/load-configuration.ts';
import type { GatewayConfiguration } from '../configuration/schema.ts';
import { splitAddress } from '../platform/addresses/index.ts';
import { BYTES_MAX, readTextFile } from '../platform/files/index.ts';
import type { LinkCredentials } from '../platform/link/index.ts';
import { collectWhatStartingLeft, startChild } from '../platform/processes/index.ts';
import { realGatewayMachine } from '../supervisor/gateway-machine.ts';
import { GatewaySupervisor } from '../supervisor/gateway-supervisor.ts';
import type { ServeGiven } from './commands/serve.ts';
import type { CommandWorld } from './definition/world.ts';
import { inForce, notApplied } from './describe-start.ts';
import { launchInLines } from './launch-in-lines.ts';
import { NoticeWriter } from './notice-writer.ts';

/** A start that is going to fail has failed by then. */
const STARTED_AFTER_MS = 5_000;

/** `poorter serve --role gateway`: runs until SIGTERM or SIGINT. */
export function serveGateway(
  given: ServeGiven,
  source: ConfigurationSource,
  world: CommandWorld,
): Promise<number> {
  const configuration = loadGatewayConfiguration(source);
  const base = baseDirectory(source);
  const say = new NoticeWriter({ world, source, json: given.json, quiet: given.quiet });
  const launch = given.json ? launchInLines(say) : startChild;
  let hasStarted = false;
  let end: (status: number) => void = () => undefined;
  const dataDirectory = resolve(base, configuration.dataDirectory);
  const { control } = configuration.link;
  const credentials = renewedCredentials(configuration, base);
  const supervisor = new GatewaySupervisor({
    machine: realGatewayMachine({ dataDirectory, control, credentials, launch }),
    dataDirectory,
    listen: configuration.listen?.map(({ address }) => splitAddress(address)) ?? null,
    threads: source.threads ?? configuration.gateway.threads,
    drainMs: configuration.timeouts.drainMs,
    on: {
      started: (addresses, threads) => {
        hasStarted = true;
        setTimeout(collectWhatStartingLeft, STARTED_AFTER_MS).unref();
        say.started(
          { addresses, threads, controlAddress: null },
          `poorter: gateway on ${addresses.join(', ')}, ${threads} threads, control at ${control}\n`,
        );
      },
      notify: say.tell,
      notApplied: (one) => {
        say.tell(one);
        say.tell(notApplied(hasStarted));
        if (!hasStarted) end(1);
      },
      applied: (version) => say.tellWell(inForce(version)),
    },
  });
  return new Promise<number>((settle) => {
    let isEnding = false;
    end = (status) => {
      if (isEnding) return;
      isEnding = true;
      void supervisor.stop().then(() => {
        settle(status);
        // Children are gone; nothing that is left may keep the process.
        setImmediate(() => process.exit(status));
      });
    };
    process.on('SIGTERM', () => end(0));
    process.on('SIGINT', () => end(0));
    supervisor.start();
  });
}

/** Throws when they are not there at the start; later, a half-renewed pair leaves the last good one. */
function renewedCredentials(
  configuration: GatewayConfiguration,
  base: string,
): () => LinkCredentials {
  let good = credentialsOf(configuration, base);
  return () => {
    try {
      const now = credentialsOf(configuration, base);
      createSecureContext({ cert: now.certificate, key: now.key });
      good = now;
    } catch {
      // They are read again for the next connection.
    }
    return good;
  };
}

function credentialsOf({ link }: GatewayConfiguration, base: string): LinkCredentials {
  const read = (what: string, file: string) => {
    try {
      return readTextFile(pathFrom(base, file), BYTES_MAX.credential);
    } catch (error) {
      throw new Error(`reading link.${what} ${file}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  return {
    certificate: read('certificate', link.certificate),
    key: read('key', link.key),
    authorities: link.authorities.map((file) => read('authorities', file)),
  };
}
