// Configuration of OHIF at /ohif/, as `acervo ohif` puts it beside the viewer's files. It runs in a browser.
(() => {
  // A study that several institutions hold is asked of the one that the address names.
  const institution = new URLSearchParams(location.search).get('institution') ?? '';
  const isCode = /^[A-Z0-9][A-Z0-9._-]{0,23}$/.test(institution);
  const root = isCode ? `/dicom-web/i/${institution}` : '/dicom-web';

  // The console keeps a token for the tab; the viewer that it opened sends it, to this server alone.
  const token = sessionStorage.getItem('acervo.token') ?? '';
  const { open } = XMLHttpRequest.prototype;
  const { fetch } = window;
  const isOurs = (address) => new URL(address, location.href).origin === location.origin;
  if (token !== '') {
    XMLHttpRequest.prototype.open = function opened(method, address, ...rest) {
      open.call(this, method, address, ...rest);
      if (isOurs(address)) this.setRequestHeader('authorization', `Bearer ${token}`);
    };
    window.fetch = (input, options) => {
      const request = new Request(input, options);
      if (isOurs(request.url)) request.headers.set('authorization', `Bearer ${token}`);
      return fetch(request);
    };
  }

  window.PUBLIC_URL = '/ohif/';
  window.browserImportFunction = (name) => import(name);
  window.config = {
    name: 'acervo',
    routerBasename: '/ohif/',
    extensions: [],
    modes: [],
    customizationService: {},
    showStudyList: true,
    maxNumberOfWebWorkers: 3,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: true,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    groupEnabledModesFirst: true,
    maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
    showErrorDetails: 'production',
    // It is no medical device: whoever opens it is told so once a year.
    investigationalUseDialog: { option: 'configure', days: 365 },
    defaultDataSourceName: 'acervo',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'acervo',
        configuration: {
          friendlyName: 'Acervo',
          name: 'acervo',
          qidoRoot: root,
          wadoRoot: root,
          wadoUriRoot: root,
          qidoSupportsIncludeField: true,
          imageRendering: 'wadors',
          thumbnailRendering: 'wadors',
          enableStudyLazyLoad: true,
          supportsFuzzyMatching: true,
          supportsWildcard: true,
          supportsReject: false,
          dicomUploadEnabled: false,
          singlepart: 'bulkdata,video,pdf',
          bulkDataURI: { enabled: true },
          omitQuotationForMultipartRequest: true,
        },
      },
    ],
  };
})();
