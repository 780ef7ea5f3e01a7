import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { type Handle, NOBODY } from '../pages/page-call.ts';

type Applications = Pick<IssuerSnapshot, 'applications'>;

/** What an application for Android calls itself to a passkey: by what it is signed with. Those of Apple's use our origin. */
export function applicationOrigins({ applications }: Applications): string[] {
  return applications.android.flatMap(({ certificates }) =>
    certificates.map((certificate) => {
      const hash = Buffer.from(certificate.replaceAll(':', ''), 'hex').toString('base64url');
      return `android:apk-key-hash:${hash}`;
    }),
  );
}

/** Where the systems of devices look up which applications may ask for our passkeys. Null: it is another operation. */
export function applicationLinks(operation: string, { applications }: Applications): Handle | null {
  const { android, apple } = applications;
  switch (operation) {
    case 'readAndroidLinks':
      return send(android.length > 0, android.map(androidLink));
    case 'readAppleLinks':
      return send(apple.length > 0, { webcredentials: { apps: apple } });
    default:
      return null;
  }
}

function androidLink(one: Applications['applications']['android'][number]): object {
  return {
    relation: ['delegate_permission/common.get_login_creds'],
    target: {
      namespace: 'android_app',
      package_name: one.package,
      sha256_cert_fingerprints: one.certificates,
    },
  };
}

function send(isThere: boolean, body: object): Handle {
  return async ({ response }) => {
    response.statusCode = isThere ? 200 : 404;
    response.setHeader('content-type', 'application/json');
    response.setHeader('cache-control', 'public, max-age=300');
    response.end(isThere ? JSON.stringify(body) : '{}');
    return NOBODY;
  };
}
