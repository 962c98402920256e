/** The Lease by which the controller's replicas agree on a leader. */

export const leaseName = 'seldon-eventing-controller';
