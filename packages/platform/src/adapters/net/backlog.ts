/**
 * Connections that the system holds until we take them. With Node's 511 a flood overflows it while we do something
 * else, and whoever is left out comes again after a whole second. Linux bounds it by net.core.somaxconn.
 */
export const BACKLOG = 4096;
