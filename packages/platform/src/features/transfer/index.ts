import type { Feature } from '../../bindings/feature.ts';
import { cGetServices, type GetPorts } from './get.scp.ts';
import { cMoveServices, type MovePorts } from './move.scp.ts';

/** Objects go out by C-GET and C-MOVE. */
export function transferFeature(ports: GetPorts & MovePorts): Feature {
  return { name: 'transfer', routes: [], services: [...cGetServices(ports), ...cMoveServices(ports)] };
}
