import { type NoticeKind, noticesOf } from './notice.ts';

/** What the platform says. */
export const platformNotices = {
  counters_away: {
    level: 'warn',
    means: 'The shared counters do not answer, or refuse what is asked of them.',
    remedy:
      'Look after the store that the address names. Meanwhile each machine counts its share, or does as `whenCountersAreAway` says.',
  },
  counters_back: { level: 'info', means: 'The shared counters answer again.', remedy: '' },
  counters_lost: {
    level: 'warn',
    means: 'The shared counters were emptied, restarted, or are another server.',
    remedy: 'None: what this machine has seen used is counted again.',
  },
  counters_crowded: {
    level: 'warn',
    means:
      'While the shared counters were away, more subjects were counted here than are remembered.',
    remedy: 'None: of further subjects nothing is merged into the shared counters.',
  },
  database_connection_lost: {
    level: 'warn',
    means: 'A connection to PostgreSQL did not answer, and is replaced.',
    remedy: 'Look after the database, or what lies between, if it happens often.',
  },
  database_connection_replaced: {
    level: 'info',
    means: 'Connections to PostgreSQL stand again.',
    remedy: '',
  },
  tombstones_broken: {
    level: 'warn',
    means:
      'Lines of tombstones.jsonl are not there any more, or not as they were written: a restore with this file would miss what they ended.',
    remedy:
      'Make a new backup now: older ones may bring back what the lost lines ended. Look into who or what changed the file. What is gone from the state stays gone.',
  },
  records_unwritten: {
    level: 'error',
    means: 'Records cannot be written; they wait in memory, and calls are refused when it is full.',
    remedy: 'Make room on the disk, or give the directory back.',
  },
  records_written: { level: 'info', means: 'Records are written again.', remedy: '' },
  records_lost: {
    level: 'error',
    means: 'The program ended while records could not be written.',
    remedy: 'The log shows a gap with their number. Make room on the disk before the next start.',
  },
  records_not_carried: {
    level: 'warn',
    means: 'This machine cannot carry its records to control now; they wait in its spool.',
    remedy: 'See what the message says of the disk or the link.',
  },
  records_not_taken: {
    level: 'error',
    means: 'Control takes no records of a writer, since it does not count it to this gateway.',
    remedy: 'Give each gateway a name and a data directory of its own.',
  },
  link_stranger_refused: {
    level: 'warn',
    means: 'A machine connected whose certificate names no gateway that may.',
    remedy: 'Enter its name in `link.gateways`, if it is yours.',
  },
  master_key_made: {
    level: 'warn',
    means: 'The master key was made beside the data that it protects.',
    remedy: 'Move the file elsewhere and name its place in `masterKey`.',
  },
  first_start_undone: {
    level: 'info',
    means: 'A first start failed before it served anything: what it had made is removed again.',
    remedy: 'None: mend what the start failed for, and start again.',
  },
} as const satisfies Readonly<Record<string, NoticeKind>>;

export const platformNotice = noticesOf<keyof typeof platformNotices>(platformNotices);
