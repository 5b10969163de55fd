import assert from 'node:assert/strict';
import { test } from 'node:test';
import { understood } from '../../../features/directory/description.ts';
import { decideGrant } from '../../../features/directory/grants.ts';
import { SEED } from '../../../features/directory/seed.ts';
import type { RoleGrant } from '../../../ports/directory.ts';
import { DIRECTORY } from './directory.ts';
import { INSTITUTIONS } from './institutions.ts';

test('the demo describes its institutions, and nobody in it has roles that do not go together', () => {
  const { institutions, facilities, people } = understood(SEED, DIRECTORY);
  assert.deepEqual(
    institutions.map(({ code }) => code).sort(),
    Object.values(INSTITUTIONS)
      .map(({ code }) => code)
      .sort(),
  );
  assert.deepEqual(facilities.map(({ clues }) => clues).sort(), institutions.flatMap((each) => each.facilities).sort());
  assert.equal(new Set(people.map(({ login }) => login)).size, people.length);
  for (const { roles } of people) {
    const held: RoleGrant[] = [];
    for (const role of roles) held.push(decideGrant(held, role, new Date()).grant);
    assert.ok(held.length > 0);
  }
});
