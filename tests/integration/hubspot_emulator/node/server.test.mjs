// The emulator's connections: what happens below HTTP, or to many calls at once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { get as getSecurely } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startEmulator, token } from './emulator_process.mjs';

const contact = '/crm/objects/2026-09/0-1/300000000001';
let emulator, agent;

before(async () => {
  emulator = await startEmulator('--contacts', '20', '--limit', '10000', '--latency-ms', '0');
  agent = new Agent({ keepAlive: true, maxSockets: 100 });
});
after(async () => {
  agent.destroy();
  if (emulator) assert.equal(await emulator.stop(), 0);
});
afterEach(async () => {
  await emulator.control('DELETE', 'faults');
  await emulator.control('PATCH', 'settings', { latency_ms: 0, chunked: false });
  await emulator.control('POST', 'release');
  await emulator.control('POST', 'counters/reset');
});

// Ends with the whole answer, or with the error that the connection died of.
function send(method, path, body, signal) {
  return new Promise((resolve, reject) => {
    const call = request(emulator.http + path, { method, agent, signal, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      let text = '';
      answer.on('data', (data) => (text += data));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text, json: () => JSON.parse(text), reused: call.reusedSocket }));
    });
    call.on('error', reject);
    call.end(body && JSON.stringify(body));
  });
}

async function until(condition) {
  for (;;) {
    const counters = await emulator.counters();
    if (condition(counters)) return counters;
  }
}

test('one connection serves call after call', async () => {
  await send('GET', contact);
  const second = await send('GET', contact);
  assert.equal(second.status, 200);
  assert.equal(second.reused, true);
});

test('a hundred calls pass their latency together', async () => {
  await emulator.control('PATCH', 'settings', { latency_ms: 200 });
  const answers = await Promise.all(Array.from({ length: 100 }, () => send('GET', contact)));
  assert.ok(answers.every((answer) => answer.status === 200));
  const counters = await emulator.counters();
  assert.deepEqual([counters.calls, counters.max_in_flight, counters.in_flight], [100, 100, 0]);
});

test('a held call has its effect when it is let go, or had it before', async () => {
  await emulator.fault({ kind: 'update', action: 'hold', when: 'before', times: 1 });
  const write = send('PATCH', contact, { properties: { lastname: 'Held' } });
  await until((counters) => counters.held === 1);
  assert.notEqual((await send('GET', contact)).json().properties.lastname, 'Held');
  await emulator.control('POST', 'release');
  assert.equal((await write).status, 200);

  await emulator.fault({ kind: 'update', action: 'hold', when: 'after', times: 1 });
  const answer = send('PATCH', contact, { properties: { lastname: 'Kept' } });
  await until((counters) => counters.held === 1);
  assert.equal((await send('GET', contact)).json().properties.lastname, 'Kept');
  await emulator.control('POST', 'release');
  assert.equal((await answer).json().properties.lastname, 'Kept');
});

for (const [when, name] of [['before', 'Never'], ['after', 'Nonetheless']])
  test(`a call that is never answered, ${when} its effect`, async () => {
    await emulator.fault({ kind: 'update', action: 'timeout', when, times: 1 });
    const patience = new AbortController();
    const write = send('PATCH', contact, { properties: { firstname: name } }, patience.signal);
    await until((counters) => counters.unanswered === 1);
    patience.abort();
    await assert.rejects(write, { name: 'AbortError' });
    const { firstname } = (await send('GET', contact)).json().properties;
    assert.equal(firstname === name, when === 'after');
  });

test('a connection is reset, an answer breaks off', async () => {
  await emulator.fault({ action: 'reset', times: 1 });
  await assert.rejects(send('GET', contact), { code: 'ECONNRESET' });
  await emulator.fault({ action: 'half_answer', times: 1 });
  await assert.rejects(send('GET', contact), { code: 'ECONNRESET', message: 'aborted' });
  assert.equal((await send('GET', contact)).status, 200);
  assert.equal((await emulator.counters()).unanswered, 2);
});

test('an answer comes in chunks', async () => {
  const whole = await send('GET', '/crm/properties/2026-09/contacts');
  await emulator.control('PATCH', 'settings', { chunked: true });
  const chunked = await send('GET', '/crm/properties/2026-09/contacts');
  assert.equal(chunked.headers['transfer-encoding'], 'chunked');
  assert.equal(chunked.text, whole.text);
});

test('an address that is too long', async () => {
  assert.equal((await send('GET', `${contact}?properties=${'x'.repeat(16_000)}`)).status, 200);
  assert.equal((await send('GET', `${contact}?properties=${'x'.repeat(16_300)}`)).status, 414);
});

test('it stops at once, whatever hangs', async () => {
  const other = await startEmulator('--contacts', '1');
  await other.fault({ action: 'timeout' });
  const hanging = fetch(other.http + contact, { headers: { authorization: `Bearer ${token}` } });
  while ((await other.counters()).unanswered === 0);
  const lost = assert.rejects(hanging);
  assert.equal(await other.stop(), 0);
  await lost;
});

test('an expired certificate, and where it listens in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubspot-emulator-'));
  const [certificate, ports] = [join(folder, 'certificate.pem'), join(folder, 'ports')];
  const other = await startEmulator(
    '--contacts', '1', '--tls-port', '0', '--tls-expired', '--tls-cert-out', certificate, '--port-file', ports);
  try {
    assert.equal(readFileSync(ports, 'utf8'), `listening http ${other.http.slice(7)}\nlistening https ${other.https.slice(8)}\n`);
    const error = await new Promise((resolve) =>
      getSecurely(`${other.https}/_control/`, { ca: readFileSync(certificate) }, resolve).on('error', resolve));
    assert.equal(error.code, 'CERT_HAS_EXPIRED');
  } finally {
    await other.stop();
    rmSync(folder, { recursive: true });
  }
});

test('bad flags are named', () => {
  const run = (...flags) => spawnSync(process.env.HUBSPOT_EMULATOR, flags, { encoding: 'utf8' });
  assert.match(run('--help').stdout, /--index-lag-ms/);
  for (const [flags, complaint] of [
    [['--port', '70000'], /--port/],
    [['--epoch', 'today'], /--epoch/],
    [['--tls-port', '0', '--tls-cert', '/nowhere'], /go together/],
    [['--tls-port', '0', '--tls-cert', '/nowhere', '--tls-key', '/nowhere'], /cannot read/],
    [['--nonsense'], /nonsense/],
  ]) {
    const { status, stderr, stdout } = run(...flags);
    assert.notEqual(status, 0);
    assert.match(stderr + stdout, complaint);
  }
});
