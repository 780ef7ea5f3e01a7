import type { AccountNotice, StoredAccount } from '../../access/accounts/index.ts';
import { momentText } from '../pages/moment.ts';
import { mailWords } from './mail-words.ts';
import type { Letter } from './mailer.ts';

type Holder = Pick<StoredAccount, 'name' | 'language'>;

const NAME_MAX = 100;

/** To whoever holds the account: what happened, and what to do about it. */
export function letterFor(
  { name, language }: Holder,
  to: string,
  { kind, at }: Pick<AccountNotice, 'kind' | 'at'>,
  origin: string,
): Letter {
  const say = mailWords[language];
  const plain = plainName(name);
  const { host } = new URL(origin);
  const lines = [
    ...[say.greeting(plain), say.happened[kind](momentText(language, at)), say.ifYou],
    ...[say.ifNot(`${host}/account`), say.noLink],
  ];
  const text = `${lines.join('\n\n')}\n`;
  return { to, name: plain, language, subject: say.subject(host), text };
}

/** In one line, whatever was written for a name: it stands in a field of the header, and in the first line. */
function plainName(name: string): string {
  return name
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ')
    .trim()
    .slice(0, NAME_MAX)
    .toWellFormed();
}
