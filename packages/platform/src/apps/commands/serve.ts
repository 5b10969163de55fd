import { once } from 'node:events';
import { type Command, EXIT } from '../command.ts';
import { startServer } from '../server.ts';

export const serveCommand: Command = {
  name: 'serve',
  usage: '',
  summary: 'Open the doors: DIMSE and DICOMweb. Ends cleanly on SIGTERM.',
  options: {},
  positionals: [0, 0],
  run: async (_args, { config, log, signal, print }) => {
    const server = await startServer(config, log);
    const { httpPort, dimsePort, httpsPort, dimseTlsPort } = server;
    const http = `http://${config.httpHost}:${httpPort}`;
    const dimse = `${config.aeTitle}@${config.dimseHost}:${dimsePort}`;
    const secure = {
      ...(httpsPort !== undefined && { https: `https://${config.httpHost}:${httpsPort}` }),
      ...(dimseTlsPort !== undefined && { dimseTls: `${config.aeTitle}@${config.dimseHost}:${dimseTlsPort}` }),
    };
    const more = Object.entries(secure).map(([name, address]) => ` ${name}=${address}`);
    print(`acervo ready http=${http} dimse=${dimse}${more.join('')}`, { ready: true, http, dimse, ...secure });
    if (server.enrolment !== undefined) {
      const text = `first administrator, for 24 hours, shown once: ${server.enrolment}`;
      print(text, { administratorEnrolment: server.enrolment });
    }
    log.info('server.ready', { http, dimse, ...secure, recoveredInstances: server.archive.recovered.instances });
    if (!signal.aborted) await once(signal, 'abort');
    await server.close();
    log.info('server.stopped');
    return EXIT.done;
  },
};
