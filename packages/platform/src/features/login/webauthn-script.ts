/** Where the script of the pages with keys is: none of it is inline, and no other one may run there. */
export const SCRIPT_PATH = '/login/webauthn.js';

/**
 * What a page needs of a browser to make or use a key: the question stands in the button, the answer goes into the
 * form, which is sent as any other one. By hand, for browsers that lack the conversions of Level 3 (before 2025).
 */
export const SCRIPT = `'use strict';
const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const described = (list = []) => list.map((each) => ({ ...each, id: bytesOf(each.id) }));

async function made(form, options) {
  const typed = form.elements.login?.value;
  const user = { ...options.user, id: bytesOf(options.user.id), ...(typed && { name: typed, displayName: typed }) };
  const publicKey = {
    ...options, user, challenge: bytesOf(options.challenge), excludeCredentials: described(options.excludeCredentials),
  };
  const { response, ...key } = await navigator.credentials.create({ publicKey }).then(plain);
  const { clientDataJSON, attestationObject } = response;
  const transports = response.getTransports?.() ?? [];
  return {
    ...key,
    response: { clientDataJSON: textOf(clientDataJSON), attestationObject: textOf(attestationObject), transports },
  };
}

async function used(form, options) {
  const publicKey = {
    ...options, challenge: bytesOf(options.challenge), allowCredentials: described(options.allowCredentials),
  };
  const { response, ...key } = await navigator.credentials.get({ publicKey }).then(plain);
  const { clientDataJSON, authenticatorData, signature } = response;
  return {
    ...key,
    response: {
      clientDataJSON: textOf(clientDataJSON),
      authenticatorData: textOf(authenticatorData),
      signature: textOf(signature),
    },
  };
}

const plain = ({ id, type, response }) => ({ id, rawId: id, type, response });

async function clicked({ currentTarget: button }) {
  const { form } = button;
  const trouble = document.getElementById('webauthn-trouble');
  trouble.hidden = true;
  if (!form.reportValidity()) return;
  button.disabled = true;
  try {
    const ask = button.dataset.webauthn === 'create' ? made : used;
    form.elements.credential.value = JSON.stringify(await ask(form, JSON.parse(button.dataset.options)));
    form.submit();
  } catch {
    // The person said no, no key was found, or it took too long: the browser does not say which, for a reason.
    button.disabled = false;
    trouble.hidden = false;
  }
}

for (const button of document.querySelectorAll('button[data-webauthn]')) {
  button.addEventListener('click', (event) => void clicked(event));
  button.disabled = window.PublicKeyCredential === undefined;
}
`;
