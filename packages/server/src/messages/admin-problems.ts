/** What the admin API refuses beyond what the gate in front of it does; same shape, same catalogue. */
export const adminProblems = {
  not_found: {
    status: 404,
    title: 'There is nothing of that name here.',
    remedy: 'Look it up in the list; names are case-sensitive.',
  },
  not_possible: {
    status: 409,
    title: 'In its present state this cannot be done.',
    remedy: 'Read it again: it was changed, ended or replaced.',
  },
  configuration_waits: {
    status: 409,
    title: 'A configuration that protects less than the one in force waits.',
    remedy: 'Look at it with `poorter status`; `poorter apply` with its digest puts it in force.',
  },
  version_conflict: {
    status: 412,
    title: 'It has changed since it was read.',
    remedy: 'Read it again, and send the change with the ETag of that answer in If-Match.',
  },
  value_not_acceptable: {
    status: 422,
    title: 'A value is well-formed, and yet cannot be used.',
    remedy: 'The member `reason` says which and why.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'This Idempotency-Key was used for another request.',
    remedy: 'Use a fresh Idempotency-Key for each new request.',
  },
  idempotency_under_way: {
    status: 409,
    title: 'The same request is under way.',
    remedy: 'Retry after a moment; the answer will be that of the first.',
  },
  not_everywhere_yet: {
    status: 504,
    title: 'It is stored, but not every gateway has confirmed it.',
    remedy:
      'Gateways that cannot be reached stop by themselves at their staleness bound; see /v1/status.',
  },
  store_unavailable: {
    status: 503,
    title: 'The database did not answer.',
    remedy: 'Retry later; nothing is known to have changed.',
  },
  outcome_unrecorded: {
    status: 503,
    title: 'It is done, but its outcome could not be recorded.',
    remedy:
      'Read what it changed; `poorter log open` shows that it was begun. The same Idempotency-Key is answered as if it had been.',
  },
} as const;

export type AdminProblemCode = keyof typeof adminProblems;

/** A refusal that a handler throws. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem';
  readonly code: AdminProblemCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: AdminProblemCode, details: Readonly<Record<string, unknown>> = {}) {
    super(adminProblems[code].title);
    this.code = code;
    this.details = details;
  }
}
