import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import {
  type AskedCode,
  deviceCodePage,
  deviceConfirmPage,
  deviceDonePage,
  deviceRefusedPage,
} from '../pages/device-pages.ts';
import { errorPage } from '../pages/pages.ts';
import { type ErrorContext, renderError } from './people.ts';
import { showPage } from './show-page.ts';

/** Letters that nobody takes for others, and of which no words are made: 25 thousand million codes. RFC 8628 §6.1. */
const CHARSET = 'base-20';
const MASK = '****-****';

export interface DeviceContext extends ErrorContext {
  readonly oidc: {
    readonly route?: string;
    readonly params?: Readonly<Record<string, unknown>>;
    readonly session?: {
      /** Absent: this browser has shown no session that is kept. */
      readonly exp?: number;
      readonly state?: { readonly secret?: string };
    };
  };
}

interface ToldError {
  readonly error: string;
  readonly error_description?: string;
}

/** What the library calls a code that waits for nobody, or no more. */
const NO_CODES: ReadonlySet<string> = new Set([
  ...['NoCodeError', 'NotFoundError', 'ExpiredError', 'AlreadyUsedError'],
]);

/** RFC 8628: a device that has no browser shows a code, which somebody types somewhere else. */
export function deviceSettings(snapshot: IssuerSnapshot) {
  const askCode = (ctx: DeviceContext, fault: AskedCode['fault']) =>
    showPage(ctx, snapshot, (language) =>
      deviceCodePage(language, { secret: secretOf(ctx), typed: typedCode(ctx), fault }),
    );
  return {
    charset: CHARSET,
    mask: MASK,
    // What a device says of itself, a stranger's says too.
    deviceInfo: () => ({}),
    userCodeInputSource: (ctx: DeviceContext, _: string, out?: ToldError, error?: Error) => {
      if (error?.name === 'NotFoundError') wrong.add(ctx.req);
      if (error?.name === 'AbortedError') return showPage(ctx, snapshot, deviceRefusedPage);
      if (error === undefined) return askCode(ctx, null);
      if (NO_CODES.has(error.name)) return askCode(ctx, 'wrong');
      // Anything else ends it.
      if (out?.error !== 'invalid_request') {
        return renderError(ctx, out ?? { error: 'server_error' }, snapshot);
      }
      const { route, session } = ctx.oidc;
      const isTheirs = route === 'code_verification' && session?.exp !== undefined;
      if (isTheirs) return askCode(ctx, 'over');
      const call = ctx.response.get('poorter-call');
      return showPage(ctx, snapshot, (language) => errorPage(language, call, 'over'));
    },
    userCodeConfirmSource: (
      ctx: DeviceContext,
      _: string,
      client: { readonly clientName?: string },
      __: unknown,
      code: string,
    ) =>
      showPage(ctx, snapshot, (language) =>
        deviceConfirmPage(language, {
          ...{ secret: secretOf(ctx), code, client: client.clientName ?? '' },
        }),
      ),
    successSource: (ctx: DeviceContext) =>
      showPage(ctx, snapshot, (language) => deviceDonePage(language)),
  };
}

const typed = new WeakMap<object, string>();
const wrong = new WeakSet<object>();

/** Whether somebody typed a code here that waits for nobody. */
export function isWrongCode(request: object): boolean {
  return wrong.has(request);
}

/** A link with a code fills the field, and sends nothing by itself: whoever opens it looks first. RFC 8628 §3.3.1. */
export function keepTypedCode(ctx: { readonly req: object; query: Record<string, unknown> }): void {
  const { user_code: code } = ctx.query;
  if (typeof code === 'string') typed.set(ctx.req, code.slice(0, 100));
  ctx.query = {};
}

function typedCode({ req, oidc }: DeviceContext): string {
  const { user_code: sent } = oidc.params ?? {};
  return typed.get(req) ?? (typeof sent === 'string' ? sent : '');
}

function secretOf({ oidc }: DeviceContext): string {
  return oidc.session?.state?.secret ?? '';
}
