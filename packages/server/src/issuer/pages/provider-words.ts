import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { IssuerCodeName } from '../../messages/issuer-codes.ts';

/** Why somebody who was at a provider is not signed in. */
export type NotSignedIn = Extract<IssuerCodeName, `provider_${string}` | 'identity_taken'>;

/** What pages say of other providers: as `words.ts`, whole sentences for people. */
export interface ProviderWords {
  readonly orElsewhere: string;
  readonly signInWith: (name: string) => string;
  readonly leaving: (name: string) => string;
  readonly leavingWhat: string;
  readonly goTo: (name: string) => string;
  readonly identity: (name: string) => string;
  readonly linkWhat: string;
  readonly link: (name: string) => string;
  readonly notSignedIn: string;
  readonly why: Readonly<Record<NotSignedIn, (name: string) => string>>;
  readonly anotherWay: string;
}

export const providerWords: Readonly<Record<AccountLanguage, ProviderWords>> = {
  en: {
    orElsewhere: 'Or sign in elsewhere, and come back:',
    signInWith: (name) => `Sign in with ${name}`,
    leaving: (name) => `You go on to ${name}`,
    leavingWhat: 'Sign in there. Then you come back here.',
    goTo: (name) => `Go to ${name}`,
    identity: (name) => `Sign-in at ${name}`,
    linkWhat: 'You can link a sign-in elsewhere. With it you come in here from then on, too.',
    link: (name) => `Link ${name}`,
    notSignedIn: 'You are not signed in',
    why: {
      provider_unavailable: (name) =>
        `${name} does not answer now. Try again in a while, or sign in another way.`,
      provider_refused: (name) => `${name} did not sign you in, or you stopped there.`,
      provider_answer_wrong: (name) =>
        `What came back from ${name} cannot be relied on, so it was not used. Try again, or sign in another way.`,
      provider_not_fresh: (name) =>
        `You must show again that it is you, and ${name} does not say that you did. Sign in another way.`,
      provider_too_weak: (name) =>
        `The application asks for a stronger sign-in than yours at ${name}. Sign in another way.`,
      provider_unlinked: (name) =>
        `Your sign-in at ${name} opens no account here. If you have an account, sign in another way, and link ${name} under “How you sign in”.`,
      identity_taken: (name) =>
        `This sign-in at ${name} opens an account here already. It was not linked once more.`,
    },
    anotherWay: 'Back, to another way',
  },
  nl: {
    orElsewhere: 'Of meld u elders aan, en kom terug:',
    signInWith: (name) => `Aanmelden met ${name}`,
    leaving: (name) => `U gaat verder naar ${name}`,
    leavingWhat: 'Meld u daar aan. Daarna komt u hier terug.',
    goTo: (name) => `Naar ${name}`,
    identity: (name) => `Aanmelding bij ${name}`,
    linkWhat: 'U kunt een aanmelding elders koppelen. Daarmee komt u voortaan ook hier binnen.',
    link: (name) => `${name} koppelen`,
    notSignedIn: 'U bent niet aangemeld',
    why: {
      provider_unavailable: (name) =>
        `${name} antwoordt nu niet. Probeer het straks opnieuw, of meld u op een andere manier aan.`,
      provider_refused: (name) => `${name} heeft u niet aangemeld, of u bent daar gestopt.`,
      provider_answer_wrong: (name) =>
        `Op wat van ${name} terugkwam kan niet vertrouwd worden, en het is niet gebruikt. Probeer het opnieuw, of meld u op een andere manier aan.`,
      provider_not_fresh: (name) =>
        `U moet opnieuw tonen dat u het bent, en ${name} zegt niet dat u dat deed. Meld u op een andere manier aan.`,
      provider_too_weak: (name) =>
        `De toepassing vraagt een sterkere aanmelding dan die bij ${name}. Meld u op een andere manier aan.`,
      provider_unlinked: (name) =>
        `Uw aanmelding bij ${name} opent hier geen account. Hebt u een account, meld u dan op een andere manier aan, en koppel ${name} onder “Hoe u zich aanmeldt”.`,
      identity_taken: (name) =>
        `Deze aanmelding bij ${name} opent hier al een account. Ze is niet nog eens gekoppeld.`,
    },
    anotherWay: 'Terug, naar een andere manier',
  },
  fr: {
    orElsewhere: 'Ou connectez-vous ailleurs, et revenez :',
    signInWith: (name) => `Se connecter avec ${name}`,
    leaving: (name) => `Vous continuez vers ${name}`,
    leavingWhat: 'Connectez-vous là-bas. Vous revenez ensuite ici.',
    goTo: (name) => `Aller vers ${name}`,
    identity: (name) => `Connexion auprès de ${name}`,
    linkWhat:
      'Vous pouvez lier une connexion faite ailleurs. Elle vous permet dès lors d’entrer ici aussi.',
    link: (name) => `Lier ${name}`,
    notSignedIn: 'Vous n’êtes pas connecté',
    why: {
      provider_unavailable: (name) =>
        `${name} ne répond pas en ce moment. Réessayez plus tard, ou connectez-vous d’une autre façon.`,
      provider_refused: (name) => `${name} ne vous a pas connecté, ou vous vous y êtes arrêté.`,
      provider_answer_wrong: (name) =>
        `On ne peut se fier à ce qui est revenu de ${name}, et rien n’en a été utilisé. Réessayez, ou connectez-vous d’une autre façon.`,
      provider_not_fresh: (name) =>
        `Vous devez montrer à nouveau que c’est vous, et ${name} ne dit pas que vous l’avez fait. Connectez-vous d’une autre façon.`,
      provider_too_weak: (name) =>
        `L’application demande une connexion plus forte que celle auprès de ${name}. Connectez-vous d’une autre façon.`,
      provider_unlinked: (name) =>
        `Votre connexion auprès de ${name} n’ouvre aucun compte ici. Si vous avez un compte, connectez-vous d’une autre façon, et liez ${name} sous « Comment vous vous connectez ».`,
      identity_taken: (name) =>
        `Cette connexion auprès de ${name} ouvre déjà un compte ici. Elle n’a pas été liée une fois de plus.`,
    },
    anotherWay: 'Retour, vers une autre façon',
  },
  de: {
    orElsewhere: 'Oder melden Sie sich anderswo an, und kommen Sie zurück:',
    signInWith: (name) => `Mit ${name} anmelden`,
    leaving: (name) => `Sie gehen weiter zu ${name}`,
    leavingWhat: 'Melden Sie sich dort an. Danach kommen Sie hierher zurück.',
    goTo: (name) => `Zu ${name}`,
    identity: (name) => `Anmeldung bei ${name}`,
    linkWhat:
      'Sie können eine Anmeldung anderswo verknüpfen. Mit ihr kommen Sie von da an auch hier herein.',
    link: (name) => `${name} verknüpfen`,
    notSignedIn: 'Sie sind nicht angemeldet',
    why: {
      provider_unavailable: (name) =>
        `${name} antwortet gerade nicht. Versuchen Sie es später noch einmal, oder melden Sie sich anders an.`,
      provider_refused: (name) =>
        `${name} hat Sie nicht angemeldet, oder Sie haben dort aufgehört.`,
      provider_answer_wrong: (name) =>
        `Auf das, was von ${name} zurückkam, ist kein Verlass; es wurde nicht verwendet. Versuchen Sie es noch einmal, oder melden Sie sich anders an.`,
      provider_not_fresh: (name) =>
        `Sie müssen noch einmal zeigen, dass Sie es sind, und ${name} sagt nicht, dass Sie das getan haben. Melden Sie sich anders an.`,
      provider_too_weak: (name) =>
        `Die Anwendung verlangt eine stärkere Anmeldung als die bei ${name}. Melden Sie sich anders an.`,
      provider_unlinked: (name) =>
        `Ihre Anmeldung bei ${name} öffnet hier kein Konto. Wenn Sie ein Konto haben, melden Sie sich anders an, und verknüpfen Sie ${name} unter „Wie Sie sich anmelden“.`,
      identity_taken: (name) =>
        `Diese Anmeldung bei ${name} öffnet hier schon ein Konto. Sie wurde nicht noch einmal verknüpft.`,
    },
    anotherWay: 'Zurück, zu einem anderen Weg',
  },
};
