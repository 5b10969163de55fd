import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieOf, setCookie } from './cookie.ts';
import { html } from './html.ts';
import { localPath } from './login.route.ts';
import { isOfOurPages } from './same-site.ts';

test('nobody is sent elsewhere after logging in', () => {
  const good = ['/', '/activity', '/ohif/viewer?StudyInstanceUIDs=1.2.3', '/?q=a#b'];
  for (const path of good) assert.equal(localPath(path), path);
  const bad = [
    null,
    '',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/a\r\nset-cookie: x=1',
    '/ñ',
    'javascript:alert(1)',
    `/${'a'.repeat(2000)}`,
  ];
  for (const path of bad) assert.equal(localPath(path), '/', `${path}`);
  assert.equal(localPath('/a/../../b'), '/b');
  assert.equal(localPath('/.//evil.example').startsWith('//'), false);
});

test('a cookie that is there twice counts for nothing', () => {
  assert.equal(cookieOf('a=1; acervo=x; b=2', 'acervo'), 'x');
  assert.equal(cookieOf('xacervo=1; acervo-login=2', 'acervo'), undefined);
  assert.equal(cookieOf('acervo=x; acervo=y', 'acervo'), undefined);
  assert.equal(cookieOf(undefined, 'acervo'), undefined);
  assert.equal(
    setCookie('__Host-acervo', 'v', true, { path: '/' }),
    '__Host-acervo=v; Path=/; HttpOnly; Secure; SameSite=Lax',
  );
});

test('what a browser says of where a request comes from', () => {
  const says = (method: string, headers: Record<string, string>): boolean => isOfOurPages({ method, headers });
  const host = 'archivo.example';
  assert.ok(says('GET', {}));
  assert.ok(says('GET', { 'sec-fetch-site': 'same-origin' }));
  assert.ok(says('GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }));
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  assert.ok(says('GET', link), 'a link of a letter');
  assert.ok(!says('GET', { ...link, 'sec-fetch-dest': 'iframe' }));
  assert.ok(!says('GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }));
  assert.ok(!says('POST', link), 'a form of another site');
  assert.ok(!says('POST', { host }), 'a browser that says nothing');
  assert.ok(says('POST', { host, origin: 'https://archivo.example' }));
  assert.ok(!says('POST', { host, origin: 'https://otro.example' }));
  assert.ok(!says('POST', { host, origin: 'null' }));
  assert.ok(!says('POST', { host, origin: 'https://otro.example', 'sec-fetch-site': 'same-origin' }));
  assert.ok(!says('DELETE', { host, origin: 'https://archivo.example', 'sec-fetch-site': 'same-site' }));
});

test('what people wrote is text on a page, whatever it looks like', () => {
  const name = `<img src=x onerror="alert('1')">&`;
  const { html: text } = html`<p title="${name}">${name}</p>${[html`<b>${1}</b>`]}${false}${undefined}`;
  assert.equal(
    text,
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">' +
      '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</p><b>1</b>',
  );
});
