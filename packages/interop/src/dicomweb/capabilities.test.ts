import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesJson, capabilitiesWadl, type ResourceMethod } from './capabilities.ts';

const METHODS: readonly ResourceMethod[] = [
  {
    method: 'GET',
    path: '/studies',
    summary: 'Search for studies',
    query: [{ name: 'limit' }],
    produces: ['application/dicom+json'],
  },
  {
    method: 'POST',
    path: '/studies',
    summary: 'Store <instances> & more',
    consumes: ['multipart/related; type="application/dicom"'],
  },
  { method: 'GET', path: '/studies/:study/series', summary: 'Series', produces: ['application/dicom+json'] },
];

test('the WADL is a tree of resources', () => {
  assert.equal(
    capabilitiesWadl('http://h/dicom-web', METHODS),
    `<?xml version="1.0" encoding="UTF-8"?>
<application xmlns="http://wadl.dev.java.net/2009/02" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <resources base="http://h/dicom-web">
    <resource path="studies">
      <method name="GET">
        <doc>Search for studies</doc>
        <request>
          <param name="limit" style="query" type="xsd:string"/>
        </request>
        <response>
          <representation mediaType="application/dicom+json"/>
        </response>
      </method>
      <method name="POST">
        <doc>Store &lt;instances&gt; &amp; more</doc>
        <request>
          <representation mediaType="multipart/related; type=&quot;application/dicom&quot;"/>
        </request>
      </method>
      <resource path="{study}">
        <param name="study" style="template" type="xsd:string" required="true"/>
        <resource path="series">
          <method name="GET">
            <doc>Series</doc>
            <response>
              <representation mediaType="application/dicom+json"/>
            </response>
          </method>
        </resource>
      </resource>
    </resource>
  </resources>
</application>
`,
  );
});

test('the JSON lists the same', () => {
  assert.deepEqual(capabilitiesJson('http://h', METHODS.slice(2)), {
    base: 'http://h',
    resources: [
      {
        method: 'GET',
        path: '/studies/{study}/series',
        summary: 'Series',
        query: [],
        consumes: [],
        produces: ['application/dicom+json'],
      },
    ],
  });
});
