import type { AccountLanguage } from '../../access/accounts/index.ts';
import { type Detail, grouped } from '../details/index.ts';

/** What an application asks for, as a person reads it. */
export interface ShownDetail {
  readonly title: string;
  /** Of money; null: it is about none. */
  readonly amount: string | null;
  readonly payee: string | null;
  readonly lines: readonly { readonly label: string; readonly value: string }[];
}

interface DetailWords {
  readonly accountInformation: string;
  readonly actions: Readonly<Record<string, string>>;
  readonly what: string;
  readonly accounts: string;
  readonly allAccounts: string;
  readonly until: string;
  readonly perDay: string;
  readonly to: (payee: string) => string;
  readonly toAccount: string;
  readonly fromAccount: string;
  readonly message: string;
  readonly reference: string;
  readonly onDay: string;
  readonly yes: string;
  readonly no: string;
}

const words: Readonly<Record<AccountLanguage, DetailWords>> = {
  en: {
    accountInformation: 'See your accounts',
    actions: {
      list_accounts: 'which accounts you have',
      read_balances: 'how much is on them',
      read_transactions: 'what came in and went out',
    },
    ...{ what: 'What', accounts: 'Accounts', allAccounts: 'all of yours' },
    ...{ until: 'Until', perDay: 'At most a day, while you are away' },
    to: (payee) => `to ${payee}`,
    ...{ toAccount: 'To account', fromAccount: 'From account', message: 'Message' },
    ...{ reference: 'Reference', onDay: 'On', yes: 'yes', no: 'no' },
  },
  nl: {
    accountInformation: 'Uw rekeningen zien',
    actions: {
      list_accounts: 'welke rekeningen u hebt',
      read_balances: 'hoeveel erop staat',
      read_transactions: 'wat er in en uit ging',
    },
    ...{ what: 'Wat', accounts: 'Rekeningen', allAccounts: 'al de uwe' },
    ...{ until: 'Tot en met', perDay: 'Hoogstens per dag, als u er niet bij bent' },
    to: (payee) => `aan ${payee}`,
    ...{ toAccount: 'Naar rekening', fromAccount: 'Van rekening', message: 'Mededeling' },
    ...{ reference: 'Referentie', onDay: 'Op', yes: 'ja', no: 'nee' },
  },
  fr: {
    accountInformation: 'Voir vos comptes',
    actions: {
      list_accounts: 'quels comptes vous avez',
      read_balances: 'combien il y a dessus',
      read_transactions: 'ce qui est entré et sorti',
    },
    ...{ what: 'Quoi', accounts: 'Comptes', allAccounts: 'tous les vôtres' },
    ...{ until: 'Jusqu’au', perDay: 'Au plus par jour, en votre absence' },
    to: (payee) => `à ${payee}`,
    ...{ toAccount: 'Vers le compte', fromAccount: 'Du compte', message: 'Communication' },
    ...{ reference: 'Référence', onDay: 'Le', yes: 'oui', no: 'non' },
  },
  de: {
    accountInformation: 'Ihre Konten sehen',
    actions: {
      list_accounts: 'welche Konten Sie haben',
      read_balances: 'wie viel darauf ist',
      read_transactions: 'was ein- und ausging',
    },
    ...{ what: 'Was', accounts: 'Konten', allAccounts: 'alle Ihre' },
    ...{ until: 'Bis', perDay: 'Höchstens am Tag, wenn Sie nicht dabei sind' },
    to: (payee) => `an ${payee}`,
    ...{ toAccount: 'Auf das Konto', fromAccount: 'Vom Konto', message: 'Verwendungszweck' },
    ...{ reference: 'Referenz', onDay: 'Am', yes: 'ja', no: 'nein' },
  },
};

interface Account {
  readonly iban: string;
  readonly currency?: string;
}

/** `titles`: of a type of the deployment's own; null: it is one that we have words for. */
export function shownDetail(
  language: AccountLanguage,
  detail: Detail,
  titles: Readonly<Record<string, string>> | null,
): ShownDetail {
  if (titles !== null) return described(language, detail, titles);
  return detail.type === 'payment_initiation'
    ? payment(language, detail as unknown as Payment)
    : accountInformation(language, detail as unknown as AccountInformation);
}

interface Payment {
  readonly instructedAmount: { readonly currency: string; readonly amount: string };
  readonly creditorName: string;
  readonly creditorAccount: Account;
  readonly debtorAccount?: Account;
  readonly remittanceInformationUnstructured?: string;
  readonly endToEndIdentification?: string;
  readonly requestedExecutionDate?: string;
}

function payment(language: AccountLanguage, paid: Payment): ShownDetail {
  const say = words[language];
  const { currency, amount } = paid.instructedAmount;
  return {
    title: say.to(paid.creditorName),
    // As it is signed, to the digit: no browser rounds it.
    ...{ amount: `${amount} ${currency}`, payee: say.to(paid.creditorName) },
    lines: linesOf([
      [say.toAccount, grouped(paid.creditorAccount.iban)],
      [say.fromAccount, paid.debtorAccount && grouped(paid.debtorAccount.iban)],
      [say.message, paid.remittanceInformationUnstructured],
      [say.reference, paid.endToEndIdentification],
      [say.onDay, paid.requestedExecutionDate],
    ]),
  };
}

interface AccountInformation {
  readonly actions: readonly string[];
  readonly accounts?: readonly Account[];
  readonly validUntil?: string;
  readonly frequencyPerDay?: number;
}

function accountInformation(language: AccountLanguage, asked: AccountInformation): ShownDetail {
  const say = words[language];
  const { actions, accounts, validUntil, frequencyPerDay } = asked;
  return {
    ...{ title: say.accountInformation, amount: null, payee: null },
    lines: linesOf([
      [say.what, actions.map((action) => say.actions[action] ?? action).join(', ')],
      [say.accounts, accounts?.map(({ iban }) => grouped(iban)).join(', ') ?? say.allAccounts],
      [say.until, validUntil],
      [say.perDay, frequencyPerDay === undefined ? undefined : String(frequencyPerDay)],
    ]),
  };
}

const PLAIN = new Set(['type', 'locations', 'approval']);

/** Member by member: whoever describes the type chooses names that people understand. */
function described(
  language: AccountLanguage,
  detail: Detail,
  titles: Readonly<Record<string, string>>,
): ShownDetail {
  const members = Object.entries(detail).filter(([name]) => !PLAIN.has(name));
  return {
    title: titles[language] ?? titles['en'] ?? detail.type,
    ...{ amount: null, payee: null },
    lines: members.flatMap(([name, value]) => flat(language, name, value)),
  };
}

function flat(
  language: AccountLanguage,
  label: string,
  value: unknown,
): { label: string; value: string }[] {
  const say = words[language];
  if (typeof value === 'boolean') return [{ label, value: value ? say.yes : say.no }];
  if (typeof value !== 'object' || value === null) return [{ label, value: String(value) }];
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) {
    return [{ label, value: value.join(', ') }];
  }
  return Object.entries(value).flatMap(([name, one]) => flat(language, `${label}: ${name}`, one));
}

function linesOf(pairs: readonly (readonly [string, string | undefined])[]) {
  return pairs.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}
