import type { AccountLanguage } from '../../access/accounts/index.ts';
import {
  PASSWORD_BYTES_MAX,
  PASSWORD_CHARACTERS_MIN,
  type PasswordFault,
} from './password-rules.ts';

/** What pages say of passwords and codes: as `pages/words.ts`, whole sentences for people. */
export interface PasswordWords {
  readonly otherWay: string;
  readonly signIn: string;
  readonly login: string;
  readonly password: string;
  readonly code: string;
  readonly codeHint: string;
  readonly go: string;
  readonly failed: string;
  readonly busy: string;
  readonly withPasskey: string;
  readonly setTitle: string;
  readonly setWhat: string;
  readonly newPassword: string;
  readonly keep: string;
  readonly faults: Readonly<Record<PasswordFault, string>>;
  readonly codeTitle: string;
  readonly codeWhat: string;
  readonly codeKey: string;
  readonly codePicture: string;
  readonly openApp: string;
  readonly codeWrong: string;
  readonly passwordKind: string;
  readonly codeKind: string;
  readonly both: string;
}

export const passwordWords: Readonly<Record<AccountLanguage, PasswordWords>> = {
  en: {
    otherWay: 'Sign in with a password and a code',
    signIn: 'Sign in with a password and a code',
    login: 'Login',
    password: 'Password',
    code: 'Code of this minute',
    codeHint: 'The digits that the app shows in which you keep your codes.',
    go: 'Sign in',
    failed:
      'That did not work. Check all three, with the code that the app shows now. After several failures, wait a few minutes.',
    busy: 'Very many people are signing in at this moment. Try again in half a minute.',
    withPasskey: 'Sign in with a passkey instead',
    setTitle: 'Set a password',
    setWhat: `At least ${PASSWORD_CHARACTERS_MIN} characters. A few words that nobody else would put together are best. You sign in with it and a code, never with it alone.`,
    newPassword: 'New password',
    keep: 'Keep',
    faults: {
      short: `This is shorter than ${PASSWORD_CHARACTERS_MIN} characters.`,
      long: `This is longer than ${PASSWORD_BYTES_MAX} characters.`,
      login: 'Your login is part of it. Choose another.',
      common: 'This is one of those that are tried first. Choose another.',
    },
    codeTitle: 'Set up your code',
    codeWhat:
      'Let an app that keeps such codes read this picture, or type the key into it. Then type the code that the app shows.',
    codeKey: 'Key',
    codePicture: 'The key, for the camera of the app',
    openApp: 'Open in an app on this device',
    codeWrong: 'That is not the code of this minute. Wait for the next one and type that.',
    passwordKind: 'Password',
    codeKind: 'Code from an app',
    both: 'A password and a code count together: neither signs you in alone.',
  },
  nl: {
    otherWay: 'Aanmelden met een wachtwoord en een code',
    signIn: 'Aanmelden met een wachtwoord en een code',
    login: 'Gebruikersnaam',
    password: 'Wachtwoord',
    code: 'Code van deze minuut',
    codeHint: 'De cijfers die de app toont waarin u uw codes bewaart.',
    go: 'Aanmelden',
    failed:
      'Dat lukte niet. Kijk alle drie na, met de code die de app nu toont. Wacht na enkele mislukte pogingen een paar minuten.',
    busy: 'Op dit ogenblik melden heel veel mensen zich aan. Probeer over een halve minuut opnieuw.',
    withPasskey: 'Liever aanmelden met een passkey',
    setTitle: 'Een wachtwoord instellen',
    setWhat: `Minstens ${PASSWORD_CHARACTERS_MIN} tekens. Het best zijn een paar woorden die niemand anders samen zou zetten. U meldt zich ermee aan samen met een code, nooit ermee alleen.`,
    newPassword: 'Nieuw wachtwoord',
    keep: 'Bewaren',
    faults: {
      short: `Dit is korter dan ${PASSWORD_CHARACTERS_MIN} tekens.`,
      long: `Dit is langer dan ${PASSWORD_BYTES_MAX} tekens.`,
      login: 'Uw gebruikersnaam zit erin. Kies een ander.',
      common: 'Dit is er een van die het eerst geprobeerd worden. Kies een ander.',
    },
    codeTitle: 'Uw code instellen',
    codeWhat:
      'Laat een app die zulke codes bewaart deze afbeelding lezen, of typ er de sleutel in. Typ daarna de code die de app toont.',
    codeKey: 'Sleutel',
    codePicture: 'De sleutel, voor de camera van de app',
    openApp: 'Openen in een app op dit toestel',
    codeWrong: 'Dat is niet de code van deze minuut. Wacht op de volgende en typ die.',
    passwordKind: 'Wachtwoord',
    codeKind: 'Code uit een app',
    both: 'Een wachtwoord en een code tellen samen: geen van beide meldt u alleen aan.',
  },
  fr: {
    otherWay: 'Se connecter avec un mot de passe et un code',
    signIn: 'Se connecter avec un mot de passe et un code',
    login: 'Identifiant',
    password: 'Mot de passe',
    code: 'Code de cette minute',
    codeHint: 'Les chiffres qu’affiche l’application où vous gardez vos codes.',
    go: 'Se connecter',
    failed:
      'Cela n’a pas fonctionné. Vérifiez les trois, avec le code que l’application affiche maintenant. Après plusieurs échecs, attendez quelques minutes.',
    busy: 'Un très grand nombre de personnes se connectent en ce moment. Réessayez dans une demi-minute.',
    withPasskey: 'Se connecter plutôt avec une clé d’accès',
    setTitle: 'Choisir un mot de passe',
    setWhat: `Au moins ${PASSWORD_CHARACTERS_MIN} caractères. Le mieux : quelques mots que personne d’autre ne mettrait ensemble. Vous vous connectez avec lui et un code, jamais avec lui seul.`,
    newPassword: 'Nouveau mot de passe',
    keep: 'Enregistrer',
    faults: {
      short: `Il compte moins de ${PASSWORD_CHARACTERS_MIN} caractères.`,
      long: `Il compte plus de ${PASSWORD_BYTES_MAX} caractères.`,
      login: 'Il contient votre identifiant. Choisissez-en un autre.',
      common: 'C’est un de ceux qu’on essaie en premier. Choisissez-en un autre.',
    },
    codeTitle: 'Préparer votre code',
    codeWhat:
      'Faites lire cette image par une application qui garde de tels codes, ou tapez-y la clé. Tapez ensuite le code que l’application affiche.',
    codeKey: 'Clé',
    codePicture: 'La clé, pour la caméra de l’application',
    openApp: 'Ouvrir dans une application de cet appareil',
    codeWrong: 'Ce n’est pas le code de cette minute. Attendez le suivant et tapez-le.',
    passwordKind: 'Mot de passe',
    codeKind: 'Code d’une application',
    both: 'Le mot de passe et le code comptent ensemble : aucun des deux ne vous connecte seul.',
  },
  de: {
    otherWay: 'Mit Passwort und Code anmelden',
    signIn: 'Mit Passwort und Code anmelden',
    login: 'Anmeldename',
    password: 'Passwort',
    code: 'Code dieser Minute',
    codeHint: 'Die Ziffern, die die App zeigt, in der Sie Ihre Codes aufbewahren.',
    go: 'Anmelden',
    failed:
      'Das hat nicht geklappt. Prüfen Sie alle drei, mit dem Code, den die App jetzt zeigt. Warten Sie nach mehreren Fehlversuchen einige Minuten.',
    busy: 'Gerade melden sich sehr viele Menschen an. Versuchen Sie es in einer halben Minute erneut.',
    withPasskey: 'Lieber mit einem Passkey anmelden',
    setTitle: 'Ein Passwort festlegen',
    setWhat: `Mindestens ${PASSWORD_CHARACTERS_MIN} Zeichen. Am besten sind einige Wörter, die sonst niemand zusammenstellen würde. Sie melden sich damit und mit einem Code an, nie damit allein.`,
    newPassword: 'Neues Passwort',
    keep: 'Speichern',
    faults: {
      short: `Das sind weniger als ${PASSWORD_CHARACTERS_MIN} Zeichen.`,
      long: `Das sind mehr als ${PASSWORD_BYTES_MAX} Zeichen.`,
      login: 'Ihr Anmeldename steckt darin. Wählen Sie ein anderes.',
      common: 'Das ist eines von denen, die zuerst versucht werden. Wählen Sie ein anderes.',
    },
    codeTitle: 'Ihren Code einrichten',
    codeWhat:
      'Lassen Sie eine App, die solche Codes aufbewahrt, dieses Bild lesen, oder tippen Sie den Schlüssel hinein. Tippen Sie dann den Code, den die App zeigt.',
    codeKey: 'Schlüssel',
    codePicture: 'Der Schlüssel, für die Kamera der App',
    openApp: 'In einer App auf diesem Gerät öffnen',
    codeWrong:
      'Das ist nicht der Code dieser Minute. Warten Sie auf den nächsten und tippen Sie den.',
    passwordKind: 'Passwort',
    codeKind: 'Code aus einer App',
    both: 'Passwort und Code gelten zusammen: Keines von beiden meldet Sie allein an.',
  },
};
