import { type NoticeKind, noticesOf, platformNotices } from '../platform/notices/index.ts';

/** What a start and its processes say. */
const ofProcesses = {
  started: {
    level: 'info',
    means: 'It serves. Written to standard output.',
    remedy: '',
  },
  version_in_force: {
    level: 'info',
    means: 'Every thread of this machine serves another version of the configuration.',
    remedy: '',
  },
  trial: {
    level: 'warn',
    means: 'The gate issues tokens itself, and accepts them from this machine alone.',
    remedy: 'Name a real issuer: `--issuer URL --audience NAME`.',
  },
  runtime_fault: {
    level: 'warn',
    means: 'This Node has a fault, around which Poorter reads; services on it may not.',
    remedy: 'Take the version of Node that the message names.',
  },
  configuration_doubtful: {
    level: 'warn',
    means: 'A place in the configuration, or in what it names, is hardly meant so.',
    remedy: 'Look at the place; `poorter check` lists all.',
  },
  configuration_faulty: {
    level: 'error',
    means: 'A place in the configuration, or in what it names, cannot be accepted.',
    remedy: 'Mend the place.',
  },
  configuration_refused: {
    level: 'error',
    means: 'A changed configuration has faults; the last good one stays in force.',
    remedy: 'Mend what `configuration_faulty` said before.',
  },
  configuration_unserved: {
    level: 'error',
    means: 'A configuration compiled and cannot be served; the last good one stays in force.',
    remedy: 'Mostly a listener that cannot open: see the message.',
  },
  configuration_held: {
    level: 'warn',
    means: 'A configuration protects less, and waits (`reload: ask`).',
    remedy: 'Read what it weakens, then `poorter apply DIGEST`, or take the change back.',
  },
  protection_weakened: {
    level: 'warn',
    means: 'The configuration now in force protects less than the one before.',
    remedy: 'Read what was weakened; take back what was not meant.',
  },
  not_started: {
    level: 'error',
    means: 'The start failed, and the program ends with status 1.',
    remedy: 'See the message, and what was said before it.',
  },
  called_wrongly: {
    level: 'error',
    means: 'The command line is wrong, and the program ends with status 2.',
    remedy: 'See `poorter serve --help`.',
  },
  control_unopened: {
    level: 'error',
    means:
      'Control cannot open what it needs, and tries again; what is in force is served meanwhile, and nothing can be changed or revoked.',
    remedy: 'Mend what `configuration_faulty` said before.',
  },
  control_ended: {
    level: 'error',
    means: 'The control process ended, and is started again; calls go on.',
    remedy: 'Report it, if nobody ended it.',
  },
  gateway_ended: {
    level: 'error',
    means: 'The gateway process ended, and is started again.',
    remedy: 'Report it, if nobody ended it.',
  },
  issuer_ended: {
    level: 'error',
    means:
      'The process of the authorization server ended, and is started again; calls with tokens that were given go on.',
    remedy: 'Report it, if nobody ended it.',
  },
  issuer_unserved: {
    level: 'error',
    means: 'The authorization server cannot serve this version; what was in force stays.',
    remedy:
      'Mend what it says, such as an address that is taken; it is tried again at the next reload.',
  },
  issuer_not_everywhere: {
    level: 'warn',
    means:
      'What somebody signed out of, or what was used twice, has ended and is stored; a gateway has not confirmed it yet.',
    remedy:
      'Look at `poorter status`: a gateway that hears nothing refuses by itself at its staleness bound.',
  },
  issuer_notice_failed: {
    level: 'warn',
    means:
      'An application was not told that somebody signed out, or has decided: its address did not take it.',
    remedy:
      'Look after the address that the client names, or name its network in `issuer.outgoing`.',
  },
  issuer_fault: {
    level: 'error',
    means:
      'The authorization server met something that it does not expect; its caller was told no more than that.',
    remedy: 'Report it, with the sentence.',
  },
  mail_away: {
    level: 'warn',
    means: 'Mails to people cannot be sent now; they wait, and are tried again for some hours.',
    remedy: 'See what the message says of the mail server.',
  },
  mail_back: { level: 'info', means: 'Mails to people are sent again.', remedy: '' },
  mail_dropped: {
    level: 'warn',
    means:
      'A mail to somebody was given up: its address is refused, or it was tried for long enough.',
    remedy: 'Correct the address of the account that the message names.',
  },
  process_said: {
    level: 'warn',
    means: 'A process wrote a line past all this: a warning of Node, or why it crashed.',
    remedy: 'Report it.',
  },
  supervisor_fault: {
    level: 'error',
    means: 'The supervisor has a fault of its own, and everything ends.',
    remedy: 'Report it.',
  },
} as const satisfies Readonly<Record<string, NoticeKind>>;

/** What a gateway says of itself. Those of other machines are said with their name in `gateway`. */
const ofGateways = {
  thread_ended: {
    level: 'error',
    means: 'A gateway thread ended; its calls failed, and another takes its place.',
    remedy: 'See what `thread_fault` said before; report it.',
  },
  thread_fault: {
    level: 'error',
    means: 'Why a gateway thread ends.',
    remedy: 'Report it. A heap that is full: give more threads, or smaller bounds.',
  },
  thread_stalled: {
    level: 'error',
    means: 'A gateway thread does not respond, and is replaced.',
    remedy: 'Report it, unless the machine itself stood still.',
  },
  spool_unkept: {
    level: 'error',
    means: 'The folder of the spool cannot be measured or kept in order now.',
    remedy: 'See what the message says of the disk.',
  },
  quotas_unread: {
    level: 'warn',
    means: 'Saved quotas are unreadable, and are counted anew.',
    remedy: '',
  },
  quotas_unsaved: {
    level: 'warn',
    means: 'Quotas cannot be saved; a crash now would forget what was counted.',
    remedy: 'See what the message says of the disk.',
  },
  introspection_failing: {
    level: 'warn',
    means:
      'The issuer of opaque tokens does not say whether one is good. Calls with such tokens are refused with 503 once what it said before has had its time. Told once a minute at most.',
    remedy: 'See what the message says; look at `trust.issuers[].introspection` and at the issuer.',
  },
  introspection_recovered: {
    level: 'info',
    means: 'An issuer of opaque tokens that was left alone answers again.',
    remedy: '',
  },
  introspection_flooded: {
    level: 'warn',
    means:
      'More opaque tokens are shown that were never good than an issuer is asked about in a second. Told once a minute at most.',
    remedy:
      'Mostly somebody invents tokens: see who is refused in the log. Where they are honest, raise `newTokensPerSecond`.',
  },
  roles_missing: {
    level: 'warn',
    means: 'Tokens of an issuer carry nothing where `rolesClaim` says that roles are.',
    remedy: 'Correct `trust.issuers[].rolesClaim`, unless some of its tokens carry no roles.',
  },
  snapshot_unserved: {
    level: 'error',
    means: 'A gateway cannot serve the version that control sent; the one before stays in force.',
    remedy: 'Mostly a listener that cannot open: see the message.',
  },
} as const satisfies Readonly<Record<string, NoticeKind>>;

/** What both ends of the link say: control of gateways on other machines, and those of control. */
const ofTheLink = {
  control_away: {
    level: 'warn',
    means: 'Control cannot be reached; the last version is served until `gateway.staleAfterMs`.',
    remedy: 'Look after control and the network between.',
  },
  control_back: { level: 'info', means: 'Control can be reached again.', remedy: '' },
  control_refuses: {
    level: 'error',
    means: 'Control refuses this gateway.',
    remedy: 'See the reason in the message.',
  },
  control_not_understood: {
    level: 'warn',
    means: 'Control says something that this version does not know.',
    remedy: 'Update this machine.',
  },
  gateway_cut_off: {
    level: 'warn',
    means: 'The link to a gateway on another machine is lost.',
    remedy: 'Look after it and the network between.',
  },
  gateway_left: {
    level: 'info',
    means: 'A gateway on another machine has ended in order.',
    remedy: '',
  },
  gateway_silent: {
    level: 'warn',
    means: 'A gateway connected and does not say who it is, as control understands it.',
    remedy: 'It may be too old: update it.',
  },
  gateway_refused: {
    level: 'error',
    means: 'A gateway on another machine is refused.',
    remedy: 'See the reason in the message.',
  },
  gateway_not_understood: {
    level: 'warn',
    means: 'A gateway says something that this control does not know.',
    remedy: 'Update control.',
  },
  gateway_outdated: {
    level: 'error',
    means: 'A gateway does not know a way in which rights are taken away.',
    remedy: 'Update it: what was taken away in that way is not waited for.',
  },
  gateway_version: {
    level: 'warn',
    means: 'A gateway runs another version than control, and goes on with the snapshot it has.',
    remedy: 'Update it.',
  },
  gateway_book_unwritten: {
    level: 'error',
    means: 'Control cannot write down which gateways may serve.',
    remedy: 'See what the message says of the disk.',
  },
  records_not_kept: {
    level: 'error',
    means: 'Control cannot keep records of another machine now; they wait there.',
    remedy: 'See what the message says of the disk.',
  },
} as const satisfies Readonly<Record<string, NoticeKind>>;

/** What control says of its own work. */
const ofControl = {
  issuer_keys: {
    level: 'warn',
    means:
      'Keys of a token issuer cannot be fetched, or some of them not be used. The last ones count for a day.',
    remedy: 'See what the message says of the issuer.',
  },
  live_unsent: {
    level: 'error',
    means: 'What changed of keys and blocks cannot be sent to gateways.',
    remedy: 'See what the message says of the database.',
  },
  database_unread: {
    level: 'error',
    means: 'The database cannot be asked for changes. Calls go on; operators change nothing.',
    remedy: 'Look after the database.',
  },
  database_unkept: {
    level: 'warn',
    means: 'What is over cannot be removed from the database now.',
    remedy: 'See what the message says of the database.',
  },
  in_force_unwritten: {
    level: 'error',
    means: 'What is in force cannot be written down.',
    remedy: 'See what the message says of the disk.',
  },
  recorder_ended: {
    level: 'error',
    means: 'The thread that writes the security log ended, and is started again.',
    remedy: 'Report it.',
  },
  recorder_fault: {
    level: 'error',
    means: 'Records do not reach the security log; they wait in the spool.',
    remedy: 'See what the message says of the database or the disk.',
  },
  spool_damaged: {
    level: 'error',
    means: 'A file of the spool was damaged or changed; the log shows a gap for what it held.',
    remedy: 'Find out who or what changed it.',
  },
  spool_strange: {
    level: 'error',
    means: 'The spool holds what another version, or another key, has written.',
    remedy: 'Start the version that wrote it, with its key, until the spool is empty.',
  },
  key_uses_unread: {
    level: 'warn',
    means: 'Older records could not be read again for when keys were last used.',
    remedy: 'None: a key may have been used later than is shown. Its records are in the log.',
  },
  key_uses_unwritten: {
    level: 'warn',
    means: 'When keys were last used cannot be written down now.',
    remedy: 'See what the message says of the database.',
  },
  admin_fault: {
    level: 'error',
    means: 'The admin API could not do or answer what was asked.',
    remedy: 'See what the message says; report what is no fault of the database.',
  },
  admin_answer_differs: {
    level: 'warn',
    means: 'An answer of the admin API is not as its contract says.',
    remedy: 'Report it.',
  },
} as const satisfies Readonly<Record<string, NoticeKind>>;

/** Every code, in the order of the reference. */
export const notices = {
  ...ofProcesses,
  ...ofGateways,
  ...ofTheLink,
  ...ofControl,
  ...platformNotices,
} as const;

export type NoticeCode = keyof typeof notices;

export const notice = noticesOf<NoticeCode>(notices);

export function isNoticeCode(code: string): code is NoticeCode {
  return Object.hasOwn(notices, code);
}
