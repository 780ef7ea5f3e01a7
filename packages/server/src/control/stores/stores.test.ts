import { keyStoreConformance } from '../../access/keys/keys.conformance.fixture.ts';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
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
