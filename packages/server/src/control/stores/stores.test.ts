import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import {
  idempotencyConformance,
  singleUseConformance,
  subjectKeyConformance,
} from './stores.conformance.fixture.ts';

/** What stores stand on: one suite, both databases. */
onEveryBackend('state', (backend) => {
  singleUseConformance(backend);
  idempotencyConformance(backend);
  subjectKeyConformance(backend);
});
