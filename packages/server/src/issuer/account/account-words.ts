import type { AccountLanguage } from '../../access/accounts/index.ts';

/** What the pages of an account say: as `pages/words.ts`, whole sentences for people. */
export interface AccountWords {
  readonly account: string;
  readonly accountOf: (name: string) => string;
  readonly back: string;
  readonly signIn: string;
  readonly again: string;
  readonly againWhy: string;
  readonly lost: string;
  readonly signOutHere: string;
  readonly sessions: string;
  readonly sessionsCount: (count: number) => string;
  readonly thisOne: string;
  readonly unknownBrowser: string;
  readonly since: string;
  readonly lastUsed: string;
  readonly neverUsed: string;
  readonly synced: string;
  readonly oneDevice: string;
  readonly until: string;
  readonly endOne: string;
  readonly endAll: string;
  readonly endAllWhat: string;
  readonly ended: (time: string) => string;
  readonly endedBefore: string;
  readonly credentials: string;
  readonly credentialsCount: (count: number) => string;
  readonly passkey: string;
  readonly made: string;
  readonly addPasskey: string;
  readonly addPasskeyWhat: string;
  readonly remove: string;
  readonly removed: (time: string) => string;
  readonly needed: string;
  readonly grants: string;
  readonly grantsCount: (count: number) => string;
  readonly allowed: string;
  readonly noGrants: string;
  readonly unknownClient: string;
  readonly takeBack: string;
  readonly takenBack: (client: string, time: string) => string;
  readonly notEverywhere: (client: string) => string;
  readonly recovery: string;
  readonly recoveryWhat: string;
  readonly recoveryLeft: (count: number) => string;
  readonly makeCodes: string;
  readonly makeCodesWhat: string;
  readonly codesOnce: string;
  readonly recover: string;
  readonly recoverWhat: string;
  readonly recoveryCode: string;
  readonly recoverGo: string;
  readonly recoverFailed: string;
}

const counted = (count: number, one: string, many: string) =>
  count === 1 ? `1 ${one}` : `${count} ${many}`;

/** Nothing is one in French. */
const countedFrench = (count: number, one: string, many: string) =>
  count < 2 ? `${count} ${one}` : `${count} ${many}`;

export const accountWords: Readonly<Record<AccountLanguage, AccountWords>> = {
  en: {
    account: 'Your account',
    accountOf: (name) => `You are signed in as ${name}.`,
    back: 'Back to your account',
    signIn: 'Sign in to your account',
    again: 'Show once more that it is you',
    againWhy: 'This needs a sign-in that is at most five minutes old.',
    lost: 'I have lost my passkey',
    signOutHere: 'Sign out of this browser',
    sessions: 'Where you are signed in',
    sessionsCount: (count) => counted(count, 'place', 'places'),
    thisOne: 'This browser',
    unknownBrowser: 'A browser that does not say what it is',
    since: 'Signed in',
    lastUsed: 'Last used',
    neverUsed: 'Not used yet',
    synced: 'Kept in more places than one',
    oneDevice: 'On one device alone: make another one, so that losing it locks you out of nothing',
    until: 'Until',
    endOne: 'End this one',
    endAll: 'Sign out everywhere',
    endAllWhat:
      'Every session ends, this one too. What you have allowed applications stays, until you take it back.',
    ended: (time) => `Ended at ${time}.`,
    endedBefore: 'That had ended before.',
    credentials: 'How you sign in',
    credentialsCount: (count) => counted(count, 'passkey', 'passkeys'),
    passkey: 'Passkey',
    made: 'Made',
    addPasskey: 'Add a passkey',
    addPasskeyWhat: 'For another device, or as a spare. You sign in with either of them.',
    remove: 'Remove',
    removed: (time) => `Removed at ${time}. Nobody signs in with it any more.`,
    needed: 'This stays: without it you could not sign in any more. Add a passkey first.',
    grants: 'What you have allowed',
    grantsCount: (count) => counted(count, 'application', 'applications'),
    allowed: 'Allowed',
    noGrants: 'No application may do anything for you.',
    unknownClient: 'An application that is no longer known here',
    takeBack: 'Take back',
    takenBack: (client, time) =>
      `Taken back. Since ${time}, ${client} may do nothing for you, anywhere.`,
    notEverywhere: (client) =>
      `Taken back. ${client} is given nothing new; what it has ends within minutes.`,
    recovery: 'Recovery codes',
    recoveryWhat:
      'If you lose every passkey, a recovery code lets you make a new one. Each code works once.',
    recoveryLeft: (count) => `You have ${counted(count, 'code', 'codes')} left.`,
    makeCodes: 'Make ten new codes',
    makeCodesWhat: 'Codes from before stop working.',
    codesOnce:
      'Write these down or print them, and keep them where you find them without this device. They are shown now, and never again.',
    recover: 'Come back in with a recovery code',
    recoverWhat: 'The code lets you make a new passkey, and nothing else.',
    recoveryCode: 'Recovery code',
    recoverGo: 'Go on',
    recoverFailed:
      'This code does not work. It may be mistyped, used already, or replaced by newer ones.',
  },
  nl: {
    account: 'Uw account',
    accountOf: (name) => `U bent aangemeld als ${name}.`,
    back: 'Terug naar uw account',
    signIn: 'Meld u aan bij uw account',
    again: 'Toon nog eens dat u het bent',
    againWhy: 'Hiervoor mag uw aanmelding hoogstens vijf minuten oud zijn.',
    lost: 'Ik ben mijn passkey kwijt',
    signOutHere: 'Afmelden in deze browser',
    sessions: 'Waar u aangemeld bent',
    sessionsCount: (count) => counted(count, 'plaats', 'plaatsen'),
    thisOne: 'Deze browser',
    unknownBrowser: 'Een browser die niet zegt wat hij is',
    since: 'Aangemeld',
    lastUsed: 'Laatst gebruikt',
    neverUsed: 'Nog niet gebruikt',
    synced: 'Bewaard op meer dan één plaats',
    oneDevice: 'Op één toestel: maak er nog een, zodat u bij verlies nergens buitengesloten bent',
    until: 'Tot',
    endOne: 'Deze beëindigen',
    endAll: 'Overal afmelden',
    endAllWhat:
      'Elke sessie eindigt, ook deze. Wat u toepassingen hebt toegestaan, blijft tot u het intrekt.',
    ended: (time) => `Beëindigd om ${time}.`,
    endedBefore: 'Die was al beëindigd.',
    credentials: 'Hoe u zich aanmeldt',
    credentialsCount: (count) => counted(count, 'passkey', 'passkeys'),
    passkey: 'Passkey',
    made: 'Gemaakt',
    addPasskey: 'Een passkey toevoegen',
    addPasskeyWhat: 'Voor een ander toestel, of als reserve. U meldt zich met elk van beide aan.',
    remove: 'Verwijderen',
    removed: (time) => `Verwijderd om ${time}. Niemand meldt zich er nog mee aan.`,
    needed: 'Deze blijft: zonder kunt u zich niet meer aanmelden. Voeg eerst een passkey toe.',
    grants: 'Wat u hebt toegestaan',
    grantsCount: (count) => counted(count, 'toepassing', 'toepassingen'),
    allowed: 'Toegestaan',
    noGrants: 'Geen enkele toepassing mag iets voor u doen.',
    unknownClient: 'Een toepassing die hier niet meer bekend is',
    takeBack: 'Intrekken',
    takenBack: (client, time) =>
      `Ingetrokken. Sinds ${time} mag ${client} nergens nog iets voor u doen.`,
    notEverywhere: (client) =>
      `Ingetrokken. ${client} krijgt niets nieuws; wat het heeft, eindigt binnen enkele minuten.`,
    recovery: 'Herstelcodes',
    recoveryWhat:
      'Bent u al uw passkeys kwijt, dan maakt u met een herstelcode een nieuwe. Elke code werkt één keer.',
    recoveryLeft: (count) => `U hebt nog ${counted(count, 'code', 'codes')}.`,
    makeCodes: 'Tien nieuwe codes maken',
    makeCodesWhat: 'Vroegere codes werken dan niet meer.',
    codesOnce:
      'Schrijf ze op of druk ze af, en bewaar ze waar u ze zonder dit toestel terugvindt. Ze worden nu getoond, en daarna nooit meer.',
    recover: 'Terug binnenkomen met een herstelcode',
    recoverWhat: 'Met de code maakt u een nieuwe passkey, en niets anders.',
    recoveryCode: 'Herstelcode',
    recoverGo: 'Verder',
    recoverFailed:
      'Deze code werkt niet. Misschien is ze verkeerd getypt, al gebruikt, of door nieuwere vervangen.',
  },
  fr: {
    account: 'Votre compte',
    accountOf: (name) => `Vous êtes connecté en tant que ${name}.`,
    back: 'Retour à votre compte',
    signIn: 'Connectez-vous à votre compte',
    again: 'Montrez encore une fois que c’est vous',
    againWhy: 'Il faut pour cela une connexion de moins de cinq minutes.',
    lost: 'J’ai perdu ma clé d’accès',
    signOutHere: 'Se déconnecter de ce navigateur',
    sessions: 'Où vous êtes connecté',
    sessionsCount: (count) => countedFrench(count, 'endroit', 'endroits'),
    thisOne: 'Ce navigateur',
    unknownBrowser: 'Un navigateur qui ne dit pas ce qu’il est',
    since: 'Connecté',
    lastUsed: 'Dernière utilisation',
    neverUsed: 'Pas encore utilisé',
    synced: 'Conservée en plusieurs endroits',
    oneDevice: 'Sur un seul appareil : créez-en une autre, pour ne rien perdre avec lui',
    until: 'Jusqu’au',
    endOne: 'Mettre fin à celle-ci',
    endAll: 'Se déconnecter partout',
    endAllWhat:
      'Toutes les sessions prennent fin, celle-ci aussi. Ce que vous avez autorisé à des applications reste, jusqu’à ce que vous le retiriez.',
    ended: (time) => `Terminée à ${time}.`,
    endedBefore: 'Elle avait déjà pris fin.',
    credentials: 'Comment vous vous connectez',
    credentialsCount: (count) => countedFrench(count, 'clé d’accès', 'clés d’accès'),
    passkey: 'Clé d’accès',
    made: 'Créée',
    addPasskey: 'Ajouter une clé d’accès',
    addPasskeyWhat:
      'Pour un autre appareil, ou en réserve. Vous vous connectez avec l’une ou l’autre.',
    remove: 'Supprimer',
    removed: (time) => `Supprimé à ${time}. Plus personne ne se connecte avec.`,
    needed:
      'Ceci reste : sans cela, vous ne pourriez plus vous connecter. Ajoutez d’abord une clé d’accès.',
    grants: 'Ce que vous avez autorisé',
    grantsCount: (count) => countedFrench(count, 'application', 'applications'),
    allowed: 'Autorisée',
    noGrants: 'Aucune application ne peut rien faire pour vous.',
    unknownClient: 'Une application qui n’est plus connue ici',
    takeBack: 'Retirer',
    takenBack: (client, time) =>
      `Retiré. Depuis ${time}, ${client} ne peut plus rien faire pour vous, nulle part.`,
    notEverywhere: (client) =>
      `Retiré. ${client} ne reçoit plus rien de nouveau ; ce qu’elle a prend fin en quelques minutes.`,
    recovery: 'Codes de secours',
    recoveryWhat:
      'Si vous perdez toutes vos clés d’accès, un code de secours vous permet d’en créer une nouvelle. Chaque code sert une fois.',
    recoveryLeft: (count) => `Il vous reste ${countedFrench(count, 'code', 'codes')}.`,
    makeCodes: 'Créer dix nouveaux codes',
    makeCodesWhat: 'Les codes précédents ne fonctionneront plus.',
    codesOnce:
      'Notez-les ou imprimez-les, et gardez-les là où vous les retrouverez sans cet appareil. Ils sont affichés maintenant, et plus jamais ensuite.',
    recover: 'Revenir avec un code de secours',
    recoverWhat: 'Le code permet de créer une nouvelle clé d’accès, et rien d’autre.',
    recoveryCode: 'Code de secours',
    recoverGo: 'Continuer',
    recoverFailed:
      'Ce code ne fonctionne pas. Il est peut-être mal tapé, déjà utilisé, ou remplacé par de plus récents.',
  },
  de: {
    account: 'Ihr Konto',
    accountOf: (name) => `Sie sind als ${name} angemeldet.`,
    back: 'Zurück zu Ihrem Konto',
    signIn: 'Melden Sie sich bei Ihrem Konto an',
    again: 'Zeigen Sie noch einmal, dass Sie es sind',
    againWhy: 'Dafür darf Ihre Anmeldung höchstens fünf Minuten alt sein.',
    lost: 'Ich habe meinen Passkey verloren',
    signOutHere: 'In diesem Browser abmelden',
    sessions: 'Wo Sie angemeldet sind',
    sessionsCount: (count) => counted(count, 'Ort', 'Orte'),
    thisOne: 'Dieser Browser',
    unknownBrowser: 'Ein Browser, der nicht sagt, was er ist',
    since: 'Angemeldet',
    lastUsed: 'Zuletzt verwendet',
    neverUsed: 'Noch nicht verwendet',
    synced: 'An mehr als einem Ort aufbewahrt',
    oneDevice:
      'Nur auf einem Gerät: Erstellen Sie noch einen, damit Sie mit dem Gerät nicht den Zugang verlieren',
    until: 'Bis',
    endOne: 'Diese beenden',
    endAll: 'Überall abmelden',
    endAllWhat:
      'Jede Sitzung endet, auch diese. Was Sie Anwendungen erlaubt haben, bleibt, bis Sie es zurücknehmen.',
    ended: (time) => `Beendet um ${time}.`,
    endedBefore: 'Sie war schon beendet.',
    credentials: 'Wie Sie sich anmelden',
    credentialsCount: (count) => counted(count, 'Passkey', 'Passkeys'),
    passkey: 'Passkey',
    made: 'Erstellt',
    addPasskey: 'Einen Passkey hinzufügen',
    addPasskeyWhat:
      'Für ein anderes Gerät oder als Reserve. Sie melden sich mit jedem der beiden an.',
    remove: 'Entfernen',
    removed: (time) => `Entfernt um ${time}. Niemand meldet sich mehr damit an.`,
    needed:
      'Das bleibt: Ohne könnten Sie sich nicht mehr anmelden. Fügen Sie zuerst einen Passkey hinzu.',
    grants: 'Was Sie erlaubt haben',
    grantsCount: (count) => counted(count, 'Anwendung', 'Anwendungen'),
    allowed: 'Erlaubt',
    noGrants: 'Keine Anwendung darf etwas für Sie tun.',
    unknownClient: 'Eine Anwendung, die hier nicht mehr bekannt ist',
    takeBack: 'Zurücknehmen',
    takenBack: (client, time) =>
      `Zurückgenommen. Seit ${time} darf ${client} nirgends mehr etwas für Sie tun.`,
    notEverywhere: (client) =>
      `Zurückgenommen. ${client} bekommt nichts Neues; was es hat, endet in wenigen Minuten.`,
    recovery: 'Wiederherstellungscodes',
    recoveryWhat:
      'Wenn Sie alle Passkeys verlieren, können Sie mit einem Wiederherstellungscode einen neuen machen. Jeder Code gilt einmal.',
    recoveryLeft: (count) => `Sie haben noch ${counted(count, 'Code', 'Codes')}.`,
    makeCodes: 'Zehn neue Codes machen',
    makeCodesWhat: 'Frühere Codes gelten dann nicht mehr.',
    codesOnce:
      'Schreiben Sie sie auf oder drucken Sie sie aus, und bewahren Sie sie dort auf, wo Sie sie ohne dieses Gerät finden. Sie werden jetzt gezeigt und danach nie wieder.',
    recover: 'Mit einem Wiederherstellungscode zurückkommen',
    recoverWhat: 'Mit dem Code machen Sie einen neuen Passkey, und nichts anderes.',
    recoveryCode: 'Wiederherstellungscode',
    recoverGo: 'Weiter',
    recoverFailed:
      'Dieser Code gilt nicht. Vielleicht ist er vertippt, schon benutzt oder durch neuere ersetzt.',
  },
};
