import { readContract } from '../../platform/contracts/index.ts';
import { Applications, type ApplicationsPorts } from './applications.ts';

/** With our contract, which is read when it is needed first. */
export function openApplications(ports: Omit<ApplicationsPorts, 'contract'>): Applications {
  return new Applications({ ...ports, contract: readContract('applications') });
}
