import type { AccountLanguage } from '../../access/accounts/index.ts';

/** What pages say. Whole sentences, that somebody understands who has never heard of a passkey. */
export interface Words {
  readonly signIn: string;
  readonly signInTo: (client: string) => string;
  readonly withPasskey: string;
  readonly whatIsPasskey: string;
  readonly failed: string;
  readonly unsupported: string;
  readonly enrol: string;
  readonly enrolWhy: string;
  readonly makePasskey: string;
  readonly enrolled: string;
  readonly linkOver: string;
  readonly noScript: string;
  readonly consent: (client: string) => string;
  readonly consentAsks: (client: string) => string;
  readonly approve: (client: string) => string;
  readonly approveWith: string;
  readonly askedElsewhere: string;
  readonly saysThere: string;
  readonly whichNumber: string;
  readonly nothingAsked: string;
  readonly approved: string;
  readonly refused: string;
  readonly allow: string;
  readonly refuse: string;
  readonly staysSignedIn: string;
  readonly wrong: string;
  readonly wrongWhat: string;
  readonly callIs: (id: string) => string;
  readonly over: string;
  readonly goOn: string;
  readonly signOut: string;
  readonly signOutWhat: string;
  readonly signOutOf: (client: string) => string;
  readonly signOutOfAll: string;
  readonly otherPerson: string;
  readonly otherPersonWhat: string;
  readonly signedOut: string;
  readonly signedOutWhat: string;
  readonly device: string;
  readonly deviceCode: string;
  readonly deviceWrong: string;
  readonly deviceOver: string;
  readonly deviceConfirm: (client: string) => string;
  readonly deviceSame: string;
  readonly deviceMine: string;
  readonly deviceNotMine: string;
  readonly deviceDone: string;
  readonly deviceDoneWhat: string;
  readonly deviceRefused: string;
  readonly deviceRefusedWhat: string;
  readonly seesName: string;
  readonly seesEmail: string;
  readonly staysAllowed: string;
}

export const words: Readonly<Record<AccountLanguage, Words>> = {
  en: {
    signIn: 'Sign in',
    signInTo: (client) => `Sign in to go on to ${client}`,
    withPasskey: 'Sign in with your passkey',
    whatIsPasskey:
      'Your device asks for your face, your finger or its code. Nothing of that leaves it.',
    failed: 'That did not work. Try again, or ask whoever gave you this account.',
    unsupported: 'This browser has no passkeys. Use a current one, or another device.',
    enrol: 'Make your passkey',
    enrolWhy: 'With it you sign in from now on, without a password.',
    makePasskey: 'Make a passkey',
    enrolled: 'Done. You can close this page and sign in.',
    linkOver: 'This link has been used, or its time is over. Ask for another.',
    noScript: 'Passkeys need JavaScript, which is switched off here.',
    consent: (client) => `${client} asks for access`,
    consentAsks: (client) => `If you allow it, ${client} may use:`,
    approve: (client) => `${client} asks you to approve this`,
    approveWith: 'Approve with your passkey',
    askedElsewhere: 'It was asked on another device. Go on only if that was you.',
    saysThere: 'There it says:',
    whichNumber: 'Which number does the other device show?',
    nothingAsked: 'Nothing waits for you',
    approved: 'Approved. You can go on there.',
    refused: 'Refused. Nothing was done.',
    allow: 'Allow',
    refuse: 'Refuse',
    staysSignedIn: 'To see your profile id',
    wrong: 'This cannot go on',
    wrongWhat:
      'The application that sent you here asked for something that cannot be. Go back to it and try again.',
    callIs: (id) => `If it happens again, tell its makers this number: ${id}`,
    over: 'This page has waited too long, or was opened in another window. Go back to the application and begin again.',
    goOn: 'Go on',
    signOut: 'Sign out?',
    signOutWhat: 'You are signed in in this browser.',
    signOutOf: (client) => `Leave ${client} only`,
    signOutOfAll: 'Sign out everywhere in this browser',
    otherPerson: 'Go on as somebody else?',
    otherPersonWhat:
      'In this browser somebody else is still signed in. If you go on, that person is signed out here.',
    signedOut: 'You are signed out',
    signedOutWhat: 'In this browser nobody is signed in any more.',
    device: 'Connect a device',
    deviceCode: 'Code that your device shows',
    deviceWrong: 'No device waits with this code. Look at it once more; it may have run out.',
    deviceOver:
      'This page has waited too long, or was opened in another window. Send the code once more.',
    deviceConfirm: (client) => `Connect ${client}?`,
    deviceSame:
      'Go on only if your own device shows this code now. Whoever sent you a code or a link would get your access.',
    deviceMine: 'My device shows it',
    deviceNotMine: 'That is not my device',
    deviceDone: 'Your device is connected',
    deviceDoneWhat: 'You can close this page and go on there.',
    deviceRefused: 'The device was refused',
    deviceRefusedWhat: 'It has no access. You can close this page.',
    seesName: 'Your name, your login and your language',
    seesEmail: 'Your e-mail address',
    staysAllowed: 'Also while you are away, until you take it back',
  },
  nl: {
    signIn: 'Aanmelden',
    signInTo: (client) => `Meld u aan om verder te gaan naar ${client}`,
    withPasskey: 'Aanmelden met uw passkey',
    whatIsPasskey:
      'Uw toestel vraagt naar uw gezicht, uw vinger of zijn code. Niets daarvan verlaat het.',
    failed: 'Dat lukte niet. Probeer opnieuw, of vraag het aan wie u deze account gaf.',
    unsupported: 'Deze browser kent geen passkeys. Gebruik een recente, of een ander toestel.',
    enrol: 'Maak uw passkey',
    enrolWhy: 'Daarmee meldt u zich voortaan aan, zonder wachtwoord.',
    makePasskey: 'Een passkey maken',
    enrolled: 'Klaar. U kunt deze pagina sluiten en u aanmelden.',
    linkOver: 'Deze link is al gebruikt, of zijn tijd is voorbij. Vraag een andere.',
    noScript: 'Passkeys hebben JavaScript nodig, en dat staat hier uit.',
    consent: (client) => `${client} vraagt toegang`,
    consentAsks: (client) => `Als u het toestaat, mag ${client} gebruiken:`,
    approve: (client) => `${client} vraagt u dit goed te keuren`,
    approveWith: 'Goedkeuren met uw passkey',
    askedElsewhere: 'Het werd gevraagd op een ander toestel. Ga alleen verder als u dat was.',
    saysThere: 'Daar staat:',
    whichNumber: 'Welk getal toont het andere toestel?',
    nothingAsked: 'Er wacht niets op u',
    approved: 'Goedgekeurd. U kunt daar verdergaan.',
    refused: 'Geweigerd. Er is niets gebeurd.',
    allow: 'Toestaan',
    refuse: 'Weigeren',
    staysSignedIn: 'Uw profielnummer zien',
    wrong: 'Dit kan niet verder',
    wrongWhat:
      'De toepassing die u hierheen stuurde, vroeg iets dat niet kan. Ga terug en probeer opnieuw.',
    callIs: (id) => `Gebeurt het weer, geef haar makers dan dit nummer: ${id}`,
    over: 'Deze pagina heeft te lang gewacht, of werd in een ander venster geopend. Ga terug naar de toepassing en begin opnieuw.',
    goOn: 'Verder',
    signOut: 'Afmelden?',
    signOutWhat: 'U bent in deze browser aangemeld.',
    signOutOf: (client) => `Alleen ${client} verlaten`,
    signOutOfAll: 'Overal in deze browser afmelden',
    otherPerson: 'Verdergaan als iemand anders?',
    otherPersonWhat:
      'In deze browser is nog iemand anders aangemeld. Als u verdergaat, wordt die persoon hier afgemeld.',
    signedOut: 'U bent afgemeld',
    signedOutWhat: 'In deze browser is niemand meer aangemeld.',
    device: 'Een toestel verbinden',
    deviceCode: 'Code die uw toestel toont',
    deviceWrong: 'Geen toestel wacht op deze code. Kijk nog eens; misschien is ze verlopen.',
    deviceOver:
      'Deze pagina heeft te lang gewacht, of werd in een ander venster geopend. Verstuur de code nog eens.',
    deviceConfirm: (client) => `${client} verbinden?`,
    deviceSame:
      'Ga alleen verder als uw eigen toestel nu deze code toont. Wie u een code of een link stuurde, zou uw toegang krijgen.',
    deviceMine: 'Mijn toestel toont ze',
    deviceNotMine: 'Dat is mijn toestel niet',
    deviceDone: 'Uw toestel is verbonden',
    deviceDoneWhat: 'U kunt deze pagina sluiten en daar verdergaan.',
    deviceRefused: 'Het toestel is geweigerd',
    deviceRefusedWhat: 'Het heeft geen toegang. U kunt deze pagina sluiten.',
    seesName: 'Uw naam, uw aanmeldnaam en uw taal',
    seesEmail: 'Uw e-mailadres',
    staysAllowed: 'Ook als u er niet bent, tot u het intrekt',
  },
  fr: {
    signIn: 'Connexion',
    signInTo: (client) => `Connectez-vous pour continuer vers ${client}`,
    withPasskey: 'Se connecter avec votre clé d’accès',
    whatIsPasskey:
      'Votre appareil demande votre visage, votre doigt ou son code. Rien de cela ne le quitte.',
    failed: 'Cela n’a pas fonctionné. Réessayez, ou demandez à qui vous a donné ce compte.',
    unsupported:
      'Ce navigateur ne connaît pas les clés d’accès. Utilisez-en un récent, ou un autre appareil.',
    enrol: 'Créez votre clé d’accès',
    enrolWhy: 'Avec elle, vous vous connectez désormais sans mot de passe.',
    makePasskey: 'Créer une clé d’accès',
    enrolled: 'C’est fait. Vous pouvez fermer cette page et vous connecter.',
    linkOver: 'Ce lien a déjà servi, ou son temps est passé. Demandez-en un autre.',
    noScript: 'Les clés d’accès ont besoin de JavaScript, qui est désactivé ici.',
    consent: (client) => `${client} demande un accès`,
    consentAsks: (client) => `Si vous l’autorisez, ${client} pourra utiliser :`,
    approve: (client) => `${client} vous demande d’approuver ceci`,
    approveWith: 'Approuver avec votre passkey',
    askedElsewhere: 'La demande vient d’un autre appareil. Continuez seulement si c’était vous.',
    saysThere: 'Il y est écrit :',
    whichNumber: 'Quel nombre l’autre appareil affiche-t-il ?',
    nothingAsked: 'Rien ne vous attend',
    approved: 'Approuvé. Vous pouvez continuer là-bas.',
    refused: 'Refusé. Rien n’a été fait.',
    allow: 'Autoriser',
    refuse: 'Refuser',
    staysSignedIn: 'Voir le numéro de votre profil',
    wrong: 'Impossible de continuer',
    wrongWhat:
      'L’application qui vous a envoyé ici a demandé quelque chose d’impossible. Retournez-y et réessayez.',
    callIs: (id) => `Si cela se reproduit, donnez ce numéro à ses auteurs : ${id}`,
    over: 'Cette page a attendu trop longtemps, ou a été ouverte dans une autre fenêtre. Retournez à l’application et recommencez.',
    goOn: 'Continuer',
    signOut: 'Se déconnecter ?',
    signOutWhat: 'Vous êtes connecté dans ce navigateur.',
    signOutOf: (client) => `Quitter seulement ${client}`,
    signOutOfAll: 'Se déconnecter partout dans ce navigateur',
    otherPerson: 'Continuer en tant qu’une autre personne ?',
    otherPersonWhat:
      'Une autre personne est encore connectée dans ce navigateur. Si vous continuez, elle y sera déconnectée.',
    signedOut: 'Vous êtes déconnecté',
    signedOutWhat: 'Plus personne n’est connecté dans ce navigateur.',
    device: 'Connecter un appareil',
    deviceCode: 'Code affiché par votre appareil',
    deviceWrong: 'Aucun appareil n’attend avec ce code. Vérifiez-le ; il a peut-être expiré.',
    deviceOver:
      'Cette page a attendu trop longtemps, ou a été ouverte dans une autre fenêtre. Envoyez le code encore une fois.',
    deviceConfirm: (client) => `Connecter ${client} ?`,
    deviceSame:
      'Continuez seulement si votre propre appareil affiche ce code en ce moment. Celui qui vous a envoyé un code ou un lien obtiendrait votre accès.',
    deviceMine: 'Mon appareil l’affiche',
    deviceNotMine: 'Ce n’est pas mon appareil',
    deviceDone: 'Votre appareil est connecté',
    deviceDoneWhat: 'Vous pouvez fermer cette page et continuer là-bas.',
    deviceRefused: 'L’appareil est refusé',
    deviceRefusedWhat: 'Il n’a aucun accès. Vous pouvez fermer cette page.',
    seesName: 'Votre nom, votre identifiant et votre langue',
    seesEmail: 'Votre adresse e-mail',
    staysAllowed: 'Aussi en votre absence, jusqu’à ce que vous le retiriez',
  },
  de: {
    signIn: 'Anmelden',
    signInTo: (client) => `Melden Sie sich an, um zu ${client} weiterzugehen`,
    withPasskey: 'Mit Ihrem Passkey anmelden',
    whatIsPasskey: 'Ihr Gerät fragt nach Gesicht, Finger oder Code. Nichts davon verlässt es.',
    failed:
      'Das hat nicht geklappt. Versuchen Sie es erneut, oder fragen Sie, wer Ihnen dieses Konto gab.',
    unsupported:
      'Dieser Browser kennt keine Passkeys. Nehmen Sie einen aktuellen oder ein anderes Gerät.',
    enrol: 'Machen Sie Ihren Passkey',
    enrolWhy: 'Damit melden Sie sich künftig an, ohne Passwort.',
    makePasskey: 'Einen Passkey machen',
    enrolled: 'Fertig. Sie können diese Seite schließen und sich anmelden.',
    linkOver:
      'Dieser Link wurde schon benutzt, oder seine Zeit ist vorbei. Bitten Sie um einen anderen.',
    noScript: 'Passkeys brauchen JavaScript, und das ist hier ausgeschaltet.',
    consent: (client) => `${client} bittet um Zugriff`,
    consentAsks: (client) => `Wenn Sie es erlauben, darf ${client} verwenden:`,
    approve: (client) => `${client} bittet Sie, dies freizugeben`,
    approveWith: 'Mit Ihrem Passkey freigeben',
    askedElsewhere:
      'Es wurde auf einem anderen Gerät gefragt. Gehen Sie nur weiter, wenn Sie das waren.',
    saysThere: 'Dort steht:',
    whichNumber: 'Welche Zahl zeigt das andere Gerät?',
    nothingAsked: 'Nichts wartet auf Sie',
    approved: 'Freigegeben. Sie können dort weitermachen.',
    refused: 'Abgelehnt. Es ist nichts geschehen.',
    allow: 'Erlauben',
    refuse: 'Ablehnen',
    staysSignedIn: 'Die Nummer Ihres Profils sehen',
    wrong: 'So geht es nicht weiter',
    wrongWhat:
      'Die Anwendung, die Sie hierher schickte, hat um etwas gebeten, das nicht geht. Gehen Sie zurück und versuchen Sie es erneut.',
    callIs: (id) => `Wenn es wieder geschieht, nennen Sie ihren Machern diese Nummer: ${id}`,
    over: 'Diese Seite hat zu lange gewartet oder wurde in einem anderen Fenster geöffnet. Gehen Sie zurück zur Anwendung und beginnen Sie neu.',
    goOn: 'Weiter',
    signOut: 'Abmelden?',
    signOutWhat: 'Sie sind in diesem Browser angemeldet.',
    signOutOf: (client) => `Nur ${client} verlassen`,
    signOutOfAll: 'Überall in diesem Browser abmelden',
    otherPerson: 'Als eine andere Person fortfahren?',
    otherPersonWhat:
      'In diesem Browser ist noch eine andere Person angemeldet. Wenn Sie fortfahren, wird sie hier abgemeldet.',
    signedOut: 'Sie sind abgemeldet',
    signedOutWhat: 'In diesem Browser ist niemand mehr angemeldet.',
    device: 'Ein Gerät verbinden',
    deviceCode: 'Code, den Ihr Gerät zeigt',
    deviceWrong:
      'Kein Gerät wartet mit diesem Code. Sehen Sie noch einmal nach; vielleicht ist er abgelaufen.',
    deviceOver:
      'Diese Seite hat zu lange gewartet oder wurde in einem anderen Fenster geöffnet. Senden Sie den Code noch einmal.',
    deviceConfirm: (client) => `${client} verbinden?`,
    deviceSame:
      'Gehen Sie nur weiter, wenn Ihr eigenes Gerät jetzt diesen Code zeigt. Wer Ihnen einen Code oder einen Link schickte, bekäme Ihren Zugang.',
    deviceMine: 'Mein Gerät zeigt ihn',
    deviceNotMine: 'Das ist nicht mein Gerät',
    deviceDone: 'Ihr Gerät ist verbunden',
    deviceDoneWhat: 'Sie können diese Seite schließen und dort weitermachen.',
    deviceRefused: 'Das Gerät wurde abgelehnt',
    deviceRefusedWhat: 'Es hat keinen Zugang. Sie können diese Seite schließen.',
    seesName: 'Ihren Namen, Ihren Anmeldenamen und Ihre Sprache',
    seesEmail: 'Ihre E-Mail-Adresse',
    staysAllowed: 'Auch wenn Sie nicht da sind, bis Sie es zurücknehmen',
  },
};

const LANGUAGES: readonly string[] = Object.keys(words);

/** The first that a browser asks for and we speak; RFC 9110 §12.5.4, in the order of preference. */
export function languageOf(...lists: readonly (string | undefined)[]): AccountLanguage {
  for (const list of lists) {
    const [first] = languagesIn(list ?? '');
    if (first !== undefined) return first;
  }
  return 'en';
}

function languagesIn(list: string): AccountLanguage[] {
  return list
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...more] = part.trim().toLowerCase().split(';');
      const weight = more
        .map((one) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(one)?.[1])
        .find(Boolean);
      return { language: tag.split('-')[0] as AccountLanguage, weight: Number(weight ?? 1) };
    })
    .filter(({ language, weight }) => LANGUAGES.includes(language) && weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ language }) => language);
}
