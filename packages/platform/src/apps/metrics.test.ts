import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeMetrics } from './metrics.ts';

test('what happened is exposed by name, door and outcome', async () => {
  const metrics = makeMetrics();
  metrics.instanceStored('dimse', 'stored');
  metrics.instanceStored('dimse', 'stored');
  metrics.groupCommitted(2, 0.004);
  metrics.associationOpened();
  metrics.associationOpened();
  metrics.associationClosed();
  metrics.httpAnswered('/dicom-web/studies/:study', 'GET', 200);
  metrics.databaseConnectionLost();
  metrics.setDiskFree(5);
  metrics.setSealLag(0.5);
  const { contentType, text } = await metrics.exposition();
  assert.match(contentType, /^text\/plain/);
  const lines = text.split('\n');
  for (const line of [
    'acervo_instances_stored_total{door="dimse",outcome="stored"} 2',
    'acervo_group_commit_seconds_bucket{le="0.005"} 1',
    'acervo_group_commit_instances_sum 2',
    'acervo_associations_open 1',
    'acervo_http_requests_total{route="/dicom-web/studies/:study",method="GET",status="200"} 1',
    'acervo_database_connections_lost_total 1',
    'acervo_disk_free_bytes 5',
    'acervo_journal_seal_lag_seconds 0.5',
  ])
    assert.ok(lines.includes(line), line);
});
