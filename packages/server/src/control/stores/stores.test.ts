import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { keyStoreConformance } from './keys.conformance.fixture.ts';
import {
  blockStoreConformance,
  idempotencyConformance,
  operatorStoreConformance,
  singleUseConformance,
  subjectKeyConformance,
} from './stores.conformance.fixture.ts';

/** One suite, both databases. */
onEveryBackend('state', (backend) => {
  keyStoreConformance(backend);
  blockStoreConformance(backend);
  operatorStoreConformance(backend);
  singleUseConformance(backend);
  idempotencyConformance(backend);
  subjectKeyConformance(backend);
});
