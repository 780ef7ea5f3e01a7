import type { AccountLanguage, AccountNoticeKind } from '../../access/accounts/index.ts';

/** What mails say: as `pages/words.ts`, whole sentences for people. Nothing in them opens anything. */
export interface MailWords {
  readonly subject: (host: string) => string;
  readonly greeting: (name: string) => string;
  readonly happened: Readonly<Record<AccountNoticeKind, (when: string) => string>>;
  readonly ifYou: string;
  readonly ifNot: (place: string) => string;
  readonly noLink: string;
}

export const mailWords: Readonly<Record<AccountLanguage, MailWords>> = {
  en: {
    subject: (host) => `Something changed in your account at ${host}`,
    greeting: (name) => `Hello ${name},`,
    happened: {
      'passkey-added': (when) => `A passkey was added to your account on ${when}.`,
      'passkey-removed': (when) => `A passkey was removed from your account on ${when}.`,
      'recovery-made': (when) => `New recovery codes were made for your account on ${when}.`,
      'recovery-used': (when) => `A recovery code of your account was used on ${when}.`,
      'recovery-removed': (when) => `The recovery codes of your account were removed on ${when}.`,
      'password-set': (when) => `A new password was set for your account on ${when}.`,
      'password-removed': (when) => `The password of your account was removed on ${when}.`,
      'totp-set': (when) => `An app for codes was set up for your account on ${when}.`,
      'totp-removed': (when) => `The app for codes was removed from your account on ${when}.`,
      'signed-out': (when) => `Whoever runs this service signed you out everywhere on ${when}.`,
      'application-new': (when) =>
        `Somebody signed in to your account by an application on a new device on ${when}.`,
      'identity-added': (when) =>
        `A sign-in at another provider was linked to your account on ${when}.`,
      'identity-removed': (when) =>
        `A sign-in at another provider was unlinked from your account on ${when}.`,
      'operator-credential': (when) =>
        `A credential to run this service was made with your account on ${when}.`,
    },
    ifYou: 'If you know of this, there is nothing to do.',
    ifNot: (place) =>
      `If not, go to ${place} now, by typing it yourself: sign out everywhere, remove what you do not know, and tell whoever gave you this account.`,
    noLink: 'This message has no link. We never ask by mail for a password or a code.',
  },
  nl: {
    subject: (host) => `Er is iets veranderd in uw account bij ${host}`,
    greeting: (name) => `Beste ${name},`,
    happened: {
      'passkey-added': (when) => `Op ${when} is een passkey aan uw account toegevoegd.`,
      'passkey-removed': (when) => `Op ${when} is een passkey uit uw account verwijderd.`,
      'recovery-made': (when) => `Op ${when} zijn nieuwe herstelcodes voor uw account gemaakt.`,
      'recovery-used': (when) => `Op ${when} is een herstelcode van uw account gebruikt.`,
      'recovery-removed': (when) => `Op ${when} zijn de herstelcodes van uw account verwijderd.`,
      'password-set': (when) => `Op ${when} is een nieuw wachtwoord voor uw account ingesteld.`,
      'password-removed': (when) => `Op ${when} is het wachtwoord van uw account verwijderd.`,
      'totp-set': (when) => `Op ${when} is voor uw account een app voor codes ingesteld.`,
      'totp-removed': (when) => `Op ${when} is de app voor codes uit uw account verwijderd.`,
      'signed-out': (when) => `Op ${when} heeft de beheerder van deze dienst u overal afgemeld.`,
      'application-new': (when) =>
        `Op ${when} heeft iemand zich met een app op een nieuw toestel bij uw account aangemeld.`,
      'identity-added': (when) =>
        `Op ${when} is een aanmelding bij een andere aanbieder aan uw account gekoppeld.`,
      'identity-removed': (when) =>
        `Op ${when} is een aanmelding bij een andere aanbieder van uw account losgekoppeld.`,
      'operator-credential': (when) =>
        `Op ${when} is met uw account een toegangssleutel gemaakt om deze dienst te beheren.`,
    },
    ifYou: 'Weet u hiervan, dan hoeft u niets te doen.',
    ifNot: (place) =>
      `Zo niet, ga dan nu naar ${place}, door het zelf in te typen: meld u overal af, verwijder wat u niet kent, en laat het weten aan wie u deze account gaf.`,
    noLink:
      'Dit bericht bevat geen link. Wij vragen nooit per mail naar een wachtwoord of een code.',
  },
  fr: {
    subject: (host) => `Quelque chose a changé dans votre compte chez ${host}`,
    greeting: (name) => `Bonjour ${name},`,
    happened: {
      'passkey-added': (when) => `Une clé d’accès a été ajoutée à votre compte le ${when}.`,
      'passkey-removed': (when) => `Une clé d’accès a été supprimée de votre compte le ${when}.`,
      'recovery-made': (when) =>
        `De nouveaux codes de secours ont été créés pour votre compte le ${when}.`,
      'recovery-used': (when) => `Un code de secours de votre compte a été utilisé le ${when}.`,
      'recovery-removed': (when) =>
        `Les codes de secours de votre compte ont été supprimés le ${when}.`,
      'password-set': (when) =>
        `Un nouveau mot de passe a été choisi pour votre compte le ${when}.`,
      'password-removed': (when) => `Le mot de passe de votre compte a été supprimé le ${when}.`,
      'totp-set': (when) =>
        `Une application de codes a été mise en place pour votre compte le ${when}.`,
      'totp-removed': (when) =>
        `L’application de codes a été supprimée de votre compte le ${when}.`,
      'signed-out': (when) =>
        `Les responsables de ce service vous ont déconnecté partout le ${when}.`,
      'application-new': (when) =>
        `Le ${when}, quelqu’un s’est connecté à votre compte par une application sur un nouvel appareil.`,
      'identity-added': (when) =>
        `Une connexion auprès d’un autre fournisseur a été liée à votre compte le ${when}.`,
      'identity-removed': (when) =>
        `Une connexion auprès d’un autre fournisseur a été dissociée de votre compte le ${when}.`,
      'operator-credential': (when) =>
        `Une clé d’accès pour administrer ce service a été créée avec votre compte le ${when}.`,
    },
    ifYou: 'Si vous êtes au courant, vous n’avez rien à faire.',
    ifNot: (place) =>
      `Sinon, allez maintenant sur ${place}, en le tapant vous-même : déconnectez-vous partout, supprimez ce que vous ne connaissez pas, et prévenez qui vous a donné ce compte.`,
    noLink:
      'Ce message ne contient aucun lien. Nous ne demandons jamais de mot de passe ni de code par courriel.',
  },
  de: {
    subject: (host) => `In Ihrem Konto bei ${host} hat sich etwas geändert`,
    greeting: (name) => `Guten Tag ${name},`,
    happened: {
      'passkey-added': (when) => `Am ${when} wurde Ihrem Konto ein Passkey hinzugefügt.`,
      'passkey-removed': (when) => `Am ${when} wurde ein Passkey aus Ihrem Konto entfernt.`,
      'recovery-made': (when) =>
        `Am ${when} wurden neue Wiederherstellungscodes für Ihr Konto gemacht.`,
      'recovery-used': (when) =>
        `Am ${when} wurde ein Wiederherstellungscode Ihres Kontos benutzt.`,
      'recovery-removed': (when) =>
        `Am ${when} wurden die Wiederherstellungscodes Ihres Kontos entfernt.`,
      'password-set': (when) => `Am ${when} wurde ein neues Passwort für Ihr Konto festgelegt.`,
      'password-removed': (when) => `Am ${when} wurde das Passwort Ihres Kontos entfernt.`,
      'totp-set': (when) => `Am ${when} wurde für Ihr Konto eine App für Codes eingerichtet.`,
      'totp-removed': (when) => `Am ${when} wurde die App für Codes aus Ihrem Konto entfernt.`,
      'signed-out': (when) =>
        `Am ${when} hat der Betreiber dieses Dienstes Sie überall abgemeldet.`,
      'application-new': (when) =>
        `Am ${when} hat sich jemand mit einer App auf einem neuen Gerät bei Ihrem Konto angemeldet.`,
      'identity-added': (when) =>
        `Am ${when} wurde eine Anmeldung bei einem anderen Anbieter mit Ihrem Konto verknüpft.`,
      'identity-removed': (when) =>
        `Am ${when} wurde die Verknüpfung einer Anmeldung bei einem anderen Anbieter mit Ihrem Konto gelöst.`,
      'operator-credential': (when) =>
        `Am ${when} wurde mit Ihrem Konto ein Zugangsschlüssel erstellt, um diesen Dienst zu verwalten.`,
    },
    ifYou: 'Wenn Sie davon wissen, müssen Sie nichts tun.',
    ifNot: (place) =>
      `Wenn nicht, gehen Sie jetzt zu ${place}, indem Sie es selbst eintippen: Melden Sie sich überall ab, entfernen Sie, was Sie nicht kennen, und sagen Sie es dem, der Ihnen dieses Konto gab.`,
    noLink:
      'Diese Nachricht enthält keinen Link. Wir fragen nie per Mail nach einem Passwort oder einem Code.',
  },
};
