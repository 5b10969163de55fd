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
  metrics.taskEnded('done', { all: 0.3, run: 0.02 });
  metrics.taskEnded('not-applicable', { all: 0.1, run: undefined });
  metrics.setTasksOpen({ queued: 7, leased: 1 }, 12);
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
    'acervo_ai_tasks_ended_total{state="done"} 1',
    'acervo_ai_task_seconds_count 2',
    'acervo_ai_run_seconds_sum 0.02',
    'acervo_ai_tasks_open{state="queued"} 7',
    'acervo_ai_oldest_waiting_seconds 12',
  ])
    assert.ok(lines.includes(line), line);
});
