import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { RefusedConfiguration } from '../../configuration/refused-configuration.ts';
import type {
  ApiConfiguration,
  Configuration,
  ListenerConfiguration,
} from '../../configuration/schema.ts';
import type { ListenerSnapshot, UpstreamSnapshot } from '../../messages/between-processes.ts';
import { isLoopback, splitAddress } from '../../platform/addresses/index.ts';
import type { LinkCredentials } from '../../platform/link/index.ts';
import type { OperatorAddress } from '../operator-server.ts';
import { type ReadWorld, SourceReader } from './source-reader.ts';

/** Both ends of the gate: where it listens and where it calls, with their certificates checked. */
export function readListener(
  listener: ListenerConfiguration,
  index: number,
  reader: SourceReader,
): ListenerSnapshot {
  return readListenerAt(['listen', index], listener, reader);
}

/** `at`: the key whose mapping it is. */
export function readListenerAt(
  at: readonly PropertyKey[],
  listener: ListenerConfiguration,
  reader: SourceReader,
): ListenerSnapshot {
  const { host, port } = splitAddress(listener.address);
  if (listener.tls === undefined) {
    if (!listener.insecure && !isLoopback(host)) {
      reader.fault(
        [...at, 'address'],
        'plain-http',
        `${listener.address} would serve plain HTTP beyond this machine`,
        'add tls with a certificate and key, listen on 127.0.0.1, or set insecure: true',
      );
    }
    return { host, port, tls: null };
  }
  const { tls } = listener;
  const errorsBefore = reader.errors.length;
  const certificate = reader.readOrReport(
    [...at, 'tls', 'certificate'],
    tls.certificate,
    'the certificate',
  );
  const key = reader.readOrReport([...at, 'tls', 'key'], tls.key, 'the private key');
  const clientAuthorities = tls.clientAuthorities.map((file, number) =>
    readAuthority(
      [...at, 'tls', 'clientAuthorities', number],
      file,
      'the client authority',
      reader,
    ),
  );
  if (tls.clientCertificate !== 'none' && clientAuthorities.length === 0) {
    reader.fault(
      [...at, 'tls', 'clientCertificate'],
      'client-authorities',
      `${listener.address} asks for client certificates but trusts nobody to sign them`,
      'list the authorities in tls.clientAuthorities',
    );
  }
  if (reader.errors.length === errorsBefore)
    checkPair([...at, 'tls', 'certificate'], certificate, key, tls, reader);
  return {
    host,
    port,
    tls: {
      certificate,
      key,
      minVersion: tls.minVersion,
      clientCertificate: tls.clientCertificate,
      clientAuthorities,
    },
  };
}

export function readUpstream(
  api: ApiConfiguration,
  index: number,
  reader: SourceReader,
): UpstreamSnapshot {
  const { tls, ...rest } = api.upstream;
  return {
    ...rest,
    tls: readClientTls(['apis', index, 'upstream', 'tls'], tls, 'upstream', reader),
  };
}

/** `whom`: the upstream, or the counters. */
export function readClientTls(
  at: readonly PropertyKey[],
  tls: ApiConfiguration['upstream']['tls'],
  whom: string,
  reader: SourceReader,
): UpstreamSnapshot['tls'] {
  const serverName = tls.serverName ?? null;
  const authorities = tls.authorities.map((file, number) =>
    readAuthority([...at, 'authorities', number], file, `the ${whom} authority`, reader),
  );
  const { certificate: certificateFile, key: keyFile } = tls;
  if (certificateFile === undefined && keyFile === undefined) {
    return { authorities, certificate: null, key: null, serverName };
  }
  if (certificateFile === undefined || keyFile === undefined) {
    reader.fault(
      at,
      'certificate',
      `a client certificate for the ${whom} needs its key, and a key its certificate`,
    );
    return { authorities, certificate: null, key: null, serverName };
  }
  const errorsBefore = reader.errors.length;
  const what = `the ${whom} client`;
  const certificate = reader.readOrReport(
    [...at, 'certificate'],
    certificateFile,
    `${what} certificate`,
  );
  const key = reader.readOrReport([...at, 'key'], keyFile, `${what} key`);
  if (reader.errors.length === errorsBefore) {
    const files = { certificate: certificateFile, key: keyFile };
    checkPair([...at, 'certificate'], certificate, key, files, reader);
  }
  return { authorities, certificate, key, serverName };
}

/** A certificate and key that do not belong together would fail every handshake. */
function checkPair(
  at: readonly PropertyKey[],
  certificate: string,
  key: string,
  files: { certificate: string; key: string },
  reader: SourceReader,
): void {
  try {
    createSecureContext({ cert: certificate, key });
    const until = new Date(new X509Certificate(certificate).validTo);
    if (until.getTime() < reader.now) {
      reader.report({
        severity: 'warning',
        code: 'certificate-expired',
        file: files.certificate,
        line: 1,
        column: 1,
        message: `the certificate expired on ${until.toISOString().slice(0, 10)}`,
      });
    }
  } catch (error) {
    reader.fault(
      at,
      'certificate',
      `the certificate ${files.certificate} and key ${files.key} do not serve: ${(error as Error).message}`,
    );
  }
}

/** OpenSSL passes over what it cannot read in a list of authorities, and then trusts nobody. */
export function readAuthority(
  at: readonly PropertyKey[],
  file: string,
  what: string,
  reader: SourceReader,
): string {
  const errorsBefore = reader.errors.length;
  const text = reader.readOrReport(at, file, what);
  if (reader.errors.length > errorsBefore) return '';
  try {
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error('it holds no PEM certificate');
    for (const pem of blocks) new X509Certificate(pem);
  } catch (error) {
    reader.fault(at, 'certificate', `${what} ${file} does not serve: ${(error as Error).message}`);
  }
  return text;
}

/**
 * Where operators connect, and the files that say so. Throws RefusedConfiguration: without it nothing
 * can be administered.
 */
export function readOperatorAddress(
  { control }: Configuration,
  configurationFile: string,
  baseDirectory: string,
  world: ReadWorld,
): {
  readonly address: OperatorAddress;
  readonly files: readonly string[];
  readonly contents: ReadonlyMap<string, string>;
} {
  const reader = new SourceReader(configurationFile, baseDirectory, world);
  const { host, port } = splitAddress(control.address);
  const { tls } = control;
  if (tls === undefined && !control.insecure && !isLoopback(host)) {
    reader.fault(
      ['control', 'address'],
      'plain-http',
      `${control.address} would serve operators over plain HTTP beyond this machine`,
      'add control.tls with a certificate and key, listen on 127.0.0.1, or set insecure: true',
    );
  }
  const read = tls && {
    certificate: reader.readOrReport(['control', 'tls'], tls.certificate, 'the certificate'),
    key: reader.readOrReport(['control', 'tls'], tls.key, 'the private key'),
  };
  if (reader.errors.length === 0 && tls !== undefined && read !== undefined) {
    // While one of the two is renewed and the other is not yet, the ones before stay.
    checkPair(['control', 'tls', 'certificate'], read.certificate, read.key, tls, reader);
  }
  if (reader.errors.length > 0) throw new RefusedConfiguration(reader.errors, reader.files);
  const { files, contents } = reader;
  return { address: { host, port, tls: read ?? null }, files, contents };
}

/** Certificates of the link, read and reported like those of listeners. */
export function readLinkCredentials(
  link: Pick<NonNullable<Configuration['link']>, 'certificate' | 'key' | 'authorities'>,
  reader: SourceReader,
): LinkCredentials {
  const errorsBefore = reader.errors.length;
  const at = ['link', 'certificate'];
  const certificate = reader.readOrReport(at, link.certificate, 'the certificate');
  const key = reader.readOrReport(['link', 'key'], link.key, 'the private key');
  if (reader.errors.length === errorsBefore) checkPair(at, certificate, key, link, reader);
  return {
    certificate,
    key,
    authorities: link.authorities.map((file, index) =>
      readAuthority(['link', 'authorities', index], file, 'the authority of the link', reader),
    ),
  };
}
