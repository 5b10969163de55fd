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
    const ae = `${config.aeTitle}@${config.dimseHost}`;
    const doors = {
      ...(httpPort !== undefined && { http: `http://${config.httpHost}:${httpPort}` }),
      ...(dimsePort !== undefined && { dimse: `${ae}:${dimsePort}` }),
      ...(httpsPort !== undefined && { https: `https://${config.httpHost}:${httpsPort}` }),
      ...(dimseTlsPort !== undefined && { dimseTls: `${ae}:${dimseTlsPort}` }),
    };
    const text = Object.entries(doors).map(([name, address]) => ` ${name}=${address}`);
    print(`acervo ready${text.join('')}`, { ready: true, ...doors });
    if (server.enrolment !== undefined) {
      const text = `first administrator, for 24 hours, shown once: ${server.enrolment}`;
      print(text, { administratorEnrolment: server.enrolment });
    }
    log.info('server.ready', { ...doors, recoveredInstances: server.archive.recovered.instances });
    if (!signal.aborted) await once(signal, 'abort');
    await server.close();
    log.info('server.stopped');
    return EXIT.done;
  },
};
