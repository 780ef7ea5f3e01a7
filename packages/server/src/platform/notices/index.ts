export { platformNotice, platformNotices } from './kinds.ts';
export {
  type Notice,
  type NoticeKind,
  type NoticeLevel,
  type NoticeMembers,
  type Notify,
  noticesOf,
} from './notice.ts';
export { recordsLost, recordsUnwritten, recordsWritten } from './of-records.ts';
