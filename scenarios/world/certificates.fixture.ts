import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from './poorter.fixture.ts';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** `subject` as openssl writes it: '/O=Bank/CN=service'. */
  issue(subject: string, options?: { names?: string; until?: Date }): Certificate;
}

const CA_CONFIGURATION = `[ca]
default_ca = dated
[dated]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
organizationName = optional
`;

/** A certificate that nobody else has signed. */
export function makeSelfSigned(t: Lifetime): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-pki-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const named = ['-subj', '/CN=alone', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', [...made, '-keyout', 'own.key', '-out', 'own.pem', ...named], {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  return { certificate: read('own.pem'), key: read('own.key') };
}

/** A certificate authority made with the openssl program. */
export function makeAuthority(t: Lifetime, name = 'Test Authority'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-pki-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...argv: string[]) =>
    execFileSync('openssl', argv, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    ...['req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30'],
    ...['-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
  // Only `openssl ca` sets both dates in every version of the program.
  const signUntil = (file: string, until: Date) => {
    const end = until.toISOString().replace(/[-:T]|\..*|^20/g, '');
    writeFileSync(join(folder, 'index.txt'), '');
    writeFileSync(join(folder, 'ca.cnf'), CA_CONFIGURATION);
    openssl(
      ...['ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key'],
      ...['-in', `${file}.csr`, '-out', `${file}.pem`, '-extfile', `${file}.ext`],
      ...['-startdate', '240101000000Z', '-enddate', `${end}Z`],
    );
  };
  let number = 0;
  return {
    certificate: read('ca.pem'),
    key: read('ca.key'),
    issue(subject, { names = 'IP:127.0.0.1,DNS:localhost', until } = {}) {
      const file = `leaf${++number}`;
      writeFileSync(join(folder, `${file}.ext`), `subjectAltName=${names}\n`);
      openssl('req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', subject);
      if (until !== undefined) signUntil(file, until);
      else {
        openssl(
          ...['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
          ...['-CAcreateserial', '-out', `${file}.pem`, '-extfile', `${file}.ext`, '-days', '30'],
        );
      }
      return { certificate: read(`${file}.pem`), key: read(`${file}.key`) };
    },
  };
}
