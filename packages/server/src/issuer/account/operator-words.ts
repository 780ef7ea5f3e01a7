import type { AccountLanguage } from '../../access/accounts/index.ts';

/** What the page says on which somebody becomes an operator for a day. */
export interface OperatorWords {
  readonly title: string;
  readonly may: string;
  readonly mayNothing: string;
  readonly make: string;
  readonly makeWhat: string;
  readonly once: string;
  readonly until: string;
}

export const operatorWords: Readonly<Record<AccountLanguage, OperatorWords>> = {
  en: {
    title: 'Running this server',
    may: 'You may do this as an operator of this server:',
    mayNothing: 'You run nothing here.',
    make: 'Make a credential for today',
    makeWhat:
      'It opens the admin API for a working day, and ends at once when you are signed out everywhere or may do less. One that you made before stops working.',
    once: 'It is shown this once. Give it to the command line as POORTER_OPERATOR_KEY.',
    until: 'Good until',
  },
  nl: {
    title: 'Deze server beheren',
    may: 'Dit mag u als beheerder van deze server:',
    mayNothing: 'U beheert hier niets.',
    make: 'Een toegangssleutel voor vandaag maken',
    makeWhat:
      'Hij opent de beheer-API voor een werkdag, en eindigt meteen wanneer u overal wordt afgemeld of minder mag. Een die u eerder maakte, werkt dan niet meer.',
    once: 'U ziet hem alleen nu. Geef hem aan de opdrachtregel als POORTER_OPERATOR_KEY.',
    until: 'Geldig tot',
  },
  fr: {
    title: 'Administrer ce serveur',
    may: 'Voici ce que vous pouvez faire comme administrateur de ce serveur :',
    mayNothing: 'Vous n’administrez rien ici.',
    make: 'Créer une clé d’accès pour aujourd’hui',
    makeWhat:
      'Elle ouvre l’API d’administration pour une journée de travail, et expire aussitôt si vous êtes déconnecté partout ou avez moins de droits. Une clé créée auparavant ne fonctionnera plus.',
    once: 'Elle n’est affichée que cette fois. Donnez-la à la ligne de commande sous le nom POORTER_OPERATOR_KEY.',
    until: 'Valable jusqu’à',
  },
  de: {
    title: 'Diesen Server verwalten',
    may: 'Das dürfen Sie als Verwalter dieses Servers:',
    mayNothing: 'Sie verwalten hier nichts.',
    make: 'Einen Zugangsschlüssel für heute erstellen',
    makeWhat:
      'Er öffnet die Verwaltungs-API für einen Arbeitstag, und endet sofort, wenn Sie überall abgemeldet werden oder weniger dürfen. Ein früher erstellter gilt dann nicht mehr.',
    once: 'Er wird nur dieses Mal gezeigt. Geben Sie ihn der Befehlszeile als POORTER_OPERATOR_KEY.',
    until: 'Gültig bis',
  },
};
