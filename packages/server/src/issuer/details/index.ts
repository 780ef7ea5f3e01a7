export {
  APPROVAL_LIFE_MS,
  type ApprovalProof,
  type AskedApproval,
  approvalChallenge,
  keepApproval,
  markApproved,
} from './approvals.ts';
export { type Detail, DetailTypes } from './detail-types.ts';
export { grouped } from './iban.ts';
