// HubSpot's own client, unmodified, against the emulator.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { globalAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Client } from '@hubspot/api-client';
import { startEmulator, token } from './emulator_process.mjs';

const exams = '2-50158913';
const bookings = '2-50158943';
const contacts = 250;
const id = (number) => String(300000000000 + number);
const exam = (number) => String(400000000000 + number);
// The client's own limiter lets nine calls a second through; the emulator's limits are what is tested here.
const limiterOptions = { minTime: 0, maxConcurrent: 20 };

let emulator, hubspot, folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hubspot-emulator-'));
  emulator = await startEmulator(
    '--tls-port', '0', '--tls-cert-out', join(folder, 'certificate.pem'), '--epoch', '2026-11-01',
    '--contacts', String(contacts), '--exams', '40', '--bookings', '100', '--limit', '1000', '--searches', '100',
    '--index-lag-ms', '0', '--index-lag-jitter-ms', '0', '--calculated-lag-ms', '0');
  hubspot = client();
});
after(async () => {
  if (emulator) assert.equal(await emulator.stop(), 0);
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => emulator.control('DELETE', 'faults'));

function client(options = {}) {
  return new Client({ accessToken: token, basePath: emulator.http, limiterOptions, ...options });
}

async function refused(promise, code) {
  const error = await promise.then(() => assert.fail(`expected ${code}`), (e) => e);
  assert.equal(error.code, code, String(error));
  return error.body;
}

const filter = (propertyName, operator, value) => ({
  filterGroups: [{ filters: [{ propertyName, operator, ...(Array.isArray(value) ? { values: value } : { value }) }] }],
});

test('a read tells never set, cleared and unknown apart', async () => {
  const { results } = await hubspot.crm.contacts.batchApi.read({
    inputs: Array.from({ length: 16 }, (_, i) => ({ id: id(i + 1) })),
    properties: ['sj_credits', 'no_such_property'],
    propertiesWithHistory: [],
  });
  const values = results.map((contact) => contact.properties.sj_credits);
  for (const expected of [null, '', '0', '1']) assert.ok(values.includes(expected), `no ${expected}`);
  assert.ok(results.every((contact) => !('no_such_property' in contact.properties)));

  const one = await hubspot.crm.contacts.basicApi.getById(
    id(3), ['student_id', 'email'], undefined, [bookings], false);
  assert.equal(one.properties.student_id, 'S100003');
  assert.equal(one.properties.hs_object_id, id(3));
  assert.deepEqual(one.updatedAt, new Date(one.properties.lastmodifieddate));
  assert.deepEqual(one.associations.p20858235_bookings.results.map((r) => r.id), [id(3)]);
});

test('a contact is found by an additional e-mail and answers with its own', async () => {
  const contact = await hubspot.crm.contacts.basicApi.getById(
    'OLD100003@example.com', ['email'], undefined, undefined, false, 'email');
  assert.equal(contact.id, id(3));
  assert.equal(contact.properties.email, 'student100003@example.com');
});

test('create, update, archive', async () => {
  const created = await hubspot.crm.contacts.basicApi.create({
    properties: { email: 'New.Student@Example.com', student_id: 'S900001', sj_credits: '2' },
    associations: [],
  });
  assert.equal(created.properties.email, 'new.student@example.com');
  assert.ok(created.properties.createdate);

  const updated = await hubspot.crm.contacts.basicApi.update(created.id, { properties: { sj_credits: '1' } });
  assert.deepEqual(Object.keys(updated.properties), ['lastmodifieddate', 'sj_credits']);

  const cleared = await hubspot.crm.contacts.basicApi.update(created.id, { properties: { sj_credits: '' } });
  assert.equal(cleared.properties.sj_credits, '');
  const read = await hubspot.crm.contacts.basicApi.getById(created.id, ['sj_credits'], ['sj_credits']);
  assert.equal(read.properties.sj_credits, '');
  assert.deepEqual(read.propertiesWithHistory.sj_credits.map((entry) => entry.value), ['', '1', '2']);

  await hubspot.crm.contacts.basicApi.archive(created.id);
  const body = await refused(hubspot.crm.contacts.basicApi.getById(created.id), 404);
  assert.equal(body.message, 'resource not found');
  assert.ok(!('category' in body));
  const archived = await hubspot.crm.contacts.basicApi.getById(created.id, undefined, undefined, undefined, true);
  assert.equal(archived.archived, true);
  assert.ok(archived.archivedAt instanceof Date);
});

test('what HubSpot refuses is refused', async () => {
  const duplicate = await refused(
    hubspot.crm.contacts.basicApi.create({ properties: { email: 'STUDENT100001@example.com' }, associations: [] }), 409);
  assert.equal(duplicate.message, `Contact already exists. Existing ID: ${id(1)}`);

  const unknown = await refused(hubspot.crm.contacts.basicApi.update(id(1), { properties: { nonsense: '1' } }), 400);
  assert.equal(unknown.errors[0].code, 'PROPERTY_DOESNT_EXIST');

  const calculated = await refused(
    hubspot.crm.objects.basicApi.update(bookings, id(1), { properties: { mock_type: 'Mini-mock' } }), 400);
  assert.equal(calculated.errors[0].code, 'READ_ONLY_VALUE');

  const wordy = await refused(hubspot.crm.contacts.basicApi.getById('undefined'), 404);
  assert.equal(wordy.category, 'OBJECT_NOT_FOUND');

  const stranger = client({ accessToken: 'nobody' });
  assert.equal((await refused(stranger.crm.contacts.basicApi.getById(id(1)), 401)).category, 'INVALID_AUTHENTICATION');
  await emulator.fault({ action: 'missing_scope', times: 1 });
  assert.equal((await refused(hubspot.crm.contacts.basicApi.getById(id(1)), 403)).category, 'MISSING_SCOPES');
});

test('getAll walks every page', async () => {
  await emulator.control('POST', 'counters/reset');
  const all = await hubspot.crm.contacts.getAll(100, undefined, ['student_id']);
  const seeded = all.filter((contact) => Number(contact.id) <= Number(id(contacts)));
  assert.deepEqual(seeded.map((contact) => contact.id), Array.from({ length: contacts }, (_, i) => id(i + 1)));
  const counters = await emulator.counters();
  assert.equal(counters.by_kind.list, Math.ceil(all.length / 100));
});

test('search filters, sorts and pages', async () => {
  const search = (request) => hubspot.crm.contacts.searchApi.doSearch(request);
  const found = await search({ ...filter('student_id', 'EQ', 's100007'), properties: ['student_id'], limit: 5 });
  assert.deepEqual([found.total, found.results[0].id, found.results[0].properties.student_id], [1, id(7), 'S100007']);
  assert.equal((await search(filter('student_id', 'IN', ['s100001', 's100002']))).total, 2);
  assert.equal((await search(filter('student_id', 'IN', ['S100001', 'S100002']))).total, 0);

  const first = await search({
    ...filter('hs_object_id', 'LTE', id(contacts)), sorts: [{ propertyName: 'hs_object_id', direction: 'DESCENDING' }],
    properties: ['email'], limit: 200,
  });
  assert.equal(first.total, contacts);
  assert.equal(first.results[0].id, id(contacts));
  assert.equal(first.paging.next.after, '200');
  const second = await search({ ...filter('hs_object_id', 'LTE', id(contacts)), after: first.paging.next.after, limit: 200 });
  assert.equal(second.results.length, contacts - 200);
  assert.equal(second.paging, undefined);

  await refused(search({ limit: 201 }), 400);
  await refused(search({ limit: 200, after: '9900' }), 400);
  await refused(hubspot.crm.objects.searchApi.doSearch(exams, filter('exam_date', 'GTE', '2026-11-01')), 400);
  await refused(client({ numberOfApiCallRetries: 0 }).crm.contacts.searchApi.doSearch(filter('lastmodifieddate', 'GTE', '0')), 500);
});

test('batches: partial results, shuffled, one error for many ids', async () => {
  const inputs = Array.from({ length: 40 }, (_, i) => ({ id: `student${100001 + i}@example.com` }));
  const read = await hubspot.crm.contacts.batchApi.read({
    idProperty: 'email', properties: ['email'], propertiesWithHistory: [],
    inputs: [...inputs, { id: 'a@nowhere.example' }, { id: 'b@nowhere.example' }],
  });
  assert.equal(read.numErrors, 1);
  assert.deepEqual(read.errors[0].context.ids, ['a@nowhere.example', 'b@nowhere.example']);
  assert.equal(read.results.length, 40);
  assert.notDeepEqual(read.results.map((r) => r.properties.email), inputs.map((i) => i.id));
  assert.deepEqual(read.results.map((r) => r.properties.email).sort(), inputs.map((i) => i.id).sort());
  await refused(hubspot.crm.contacts.batchApi.read({ inputs: Array.from({ length: 101 }, (_, i) => ({ id: id(i) })), properties: [], propertiesWithHistory: [] }), 400);

  const row = (name) => ({ properties: { email: `${name}@batch.example`, firstname: name }, associations: [] });
  await refused(hubspot.crm.contacts.batchApi.create({ inputs: [row('one'), { ...row('x'), properties: { email: 'student100001@example.com' } }] }), 409);
  const created = await hubspot.crm.contacts.batchApi.create({ inputs: [row('one'), row('two'), row('three')] });
  assert.equal(created.results.length, 3);
  const partial = await hubspot.crm.contacts.batchApi.create({
    inputs: [{ ...row('four'), objectWriteTraceId: 'a' }, { ...row('one'), objectWriteTraceId: 'b' }],
  });
  assert.equal(partial.results[0].objectWriteTraceId, 'a');
  assert.deepEqual(partial.errors[0].context.objectWriteTraceId, ['b']);

  const updated = await hubspot.crm.contacts.batchApi.update({
    inputs: [...created.results.map((r) => ({ id: r.id, properties: { lastname: 'Changed' } })), { id: '1', properties: {} }],
  });
  assert.equal(updated.results.length, 3);
  assert.deepEqual(updated.errors[0].context.ids, ['1']);

  const upserted = await hubspot.crm.objects.batchApi.upsert(bookings, {
    inputs: ['seed-1', 'brand-new'].map((key) => ({ id: key, idProperty: 'idempotency_key', properties: { booking_id: `for ${key}` } })),
  });
  assert.deepEqual(upserted.results.map((r) => r._new).sort(), [false, true]);

  await hubspot.crm.contacts.batchApi.archive({ inputs: created.results.map((r) => ({ id: r.id })) });
  await refused(hubspot.crm.contacts.basicApi.getById(created.results[0].id), 404);
});

test('a booking follows its exam and its contact', async () => {
  const to = (target, associationTypeId) => ({
    to: { id: target }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }],
  });
  const booking = await hubspot.crm.objects.basicApi.create(bookings, {
    properties: { booking_id: 'from the client', is_active: 'Active' },
    associations: [to(id(9), 1277)],
  });
  await hubspot.crm.associations.v4.basicApi.createDefault(bookings, booking.id, exams, exam(5));
  const read = await hubspot.crm.objects.basicApi.getById(
    bookings, booking.id, ['student_id', 'mock_type', 'exam_date'], undefined, ['contacts', exams]);
  assert.equal(read.properties.student_id, 'S100009');
  assert.equal(read.properties.mock_type, 'Clinical Skills');
  assert.match(read.properties.exam_date, /^\d{4}-\d\d-\d\d$/);
});

test('associations of version 4', async () => {
  const { basicApi, batchApi } = hubspot.crm.associations.v4;
  const page = await basicApi.getPage(bookings, id(1), 'contacts');
  assert.equal(page.results.length, 1);
  assert.equal(Number(page.results[0].toObjectId), Number(id(1)));
  assert.deepEqual({ ...page.results[0].associationTypes[0] }, { category: 'HUBSPOT_DEFINED', typeId: 1277, label: null });

  const required = await basicApi.getPage(exams, exam(11), exams);
  assert.deepEqual(required.results.map((r) => Number(r.toObjectId)), [Number(exam(8)), Number(exam(9))]);
  assert.ok(required.results[0].associationTypes.some((t) => t.typeId === 1340 && t.label === 'requires'));

  const labels = await basicApi.create(exams, exam(4), exams, exam(5), [{ associationCategory: 'USER_DEFINED', associationTypeId: 1340 }]);
  assert.deepEqual(labels.labels, ['requires']);
  const batch = await batchApi.getPage(exams, exams, { inputs: [{ id: exam(4) }, { id: exam(11) }, { id: exam(40) }] });
  assert.equal(batch.results.length, 2);
  assert.equal(batch.errors[0].subCategory, 'crm.associations.NO_ASSOCIATIONS_FOUND');
  await batchApi.archive(exams, exams, { inputs: [{ _from: { id: exam(4) }, to: [{ id: exam(5) }] }] });
  assert.equal((await basicApi.getPage(exams, exam(4), exams)).results.length, 0);

  const many = await batchApi.create(bookings, 'contacts', {
    inputs: [{ _from: { id: id(2) }, to: { id: id(3) }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1277 }] }],
  });
  assert.equal(many.status, 'COMPLETE');
  const first = await basicApi.getPage(bookings, id(2), 'contacts', undefined, 1);
  const rest = await basicApi.getPage(bookings, id(2), 'contacts', first.paging.next.after, 1);
  assert.notEqual(first.results[0].toObjectId, rest.results[0].toObjectId);
  await basicApi.archive(bookings, id(2), 'contacts', id(3));
});

test('properties and schemas', async () => {
  const { coreApi } = hubspot.crm.properties;
  const all = await coreApi.getAll('contacts');
  const property = (name) => all.results.find((p) => p.name === name);
  assert.equal(property('email').hasUniqueValue, true);
  assert.equal(property('sj_credits').type, 'number');
  const calculated = await coreApi.getByName(bookings, 'mock_type');
  assert.equal(calculated.modificationMetadata.readOnlyValue, true);

  const definition = { name: 'favourite_colour', label: 'Colour', type: 'string', fieldType: 'text', groupName: 'contactinformation' };
  await coreApi.create('contacts', definition);
  await refused(coreApi.create('contacts', definition), 409);
  assert.equal((await coreApi.update('contacts', 'favourite_colour', { label: 'Hue' })).label, 'Hue');
  await hubspot.crm.contacts.basicApi.update(id(20), { properties: { favourite_colour: 'red' } });
  await coreApi.archive('contacts', 'favourite_colour');
  const read = await hubspot.crm.contacts.basicApi.getById(id(20), ['favourite_colour']);
  assert.ok(!('favourite_colour' in read.properties));
  await refused(coreApi.getByName('contacts', 'favourite_colour'), 404);

  const schemas = await hubspot.crm.schemas.coreApi.getAll();
  assert.deepEqual(schemas.results.map((s) => s.objectTypeId), [exams, bookings]);
});

test('a merge makes a third record that both old ids lead to', async () => {
  const merged = await hubspot.crm.contacts.basicApi.merge({ primaryObjectId: id(30), objectIdToMerge: id(31) });
  assert.ok(![id(30), id(31)].includes(merged.id));
  for (const old of [id(30), id(31)]) {
    const read = await hubspot.crm.contacts.basicApi.getById(old, ['email', 'hs_merged_object_ids']);
    assert.equal(read.id, merged.id);
    assert.equal(read.properties.email, 'student100030@example.com');
    assert.deepEqual(read.properties.hs_merged_object_ids.split(';').sort(), [id(30), id(31)]);
  }
  const update = await hubspot.crm.contacts.batchApi.update({ inputs: [{ id: id(30), properties: { lastname: 'Nobody' } }] });
  assert.deepEqual([update.results, update.numErrors], [[], undefined]);
});

test('an erased contact is gone', async () => {
  await hubspot.crm.contacts.basicApi.purge({ objectId: id(40) });
  await refused(hubspot.crm.contacts.basicApi.getById(id(40)), 404);
  await refused(hubspot.crm.contacts.basicApi.getById(id(40), undefined, undefined, undefined, true), 404);
});

test('the client understands every refusal for too many calls', async () => {
  const impatient = client({ numberOfApiCallRetries: 0 });
  await emulator.fault({ action: 'rate_limit', policy: 'ten_secondly_rolling', times: 1 });
  assert.equal((await refused(impatient.crm.contacts.basicApi.getById(id(1)), 429)).policyName, 'TEN_SECONDLY_ROLLING');
  await emulator.fault({ action: 'rate_limit', policy: 'daily', times: 1 });
  assert.equal((await refused(impatient.crm.contacts.basicApi.getById(id(1)), 429)).policyName, 'DAILY');

  // These two it retries by itself, because it knows the message and the status.
  const patient = client({ numberOfApiCallRetries: 2 });
  await emulator.control('POST', 'counters/reset');
  await emulator.fault({ action: 'rate_limit', policy: 'search', kind: 'search', times: 1 });
  assert.equal((await patient.crm.contacts.searchApi.doSearch(filter('student_id', 'EQ', 's100001'))).total, 1);
  await emulator.fault({ action: 'status', status: 502, times: 1 });
  assert.equal((await patient.crm.contacts.basicApi.getById(id(1))).id, id(1));
  const counters = await emulator.counters();
  assert.deepEqual([counters.by_status['429'], counters.by_status['502'], counters.by_status['200']], [1, 1, 2]);
});

test('the dated paths answer from the same records', async () => {
  const answer = await hubspot.apiRequest({ path: `/crm/objects/2026-09/0-1/${id(2)}?properties=student_id` });
  assert.equal((await answer.json()).properties.student_id, 'S100002');
  assert.equal(answer.headers.get('x-hubspot-ratelimit-max'), '1000');
});

test('the same over TLS', async () => {
  const strict = client({ basePath: emulator.https, numberOfApiCallRetries: 0 });
  await assert.rejects(strict.crm.contacts.basicApi.getById(id(1)), /self-signed/);
  // This version of the client does not hand its httpAgent on, so the certificate is made known to all of Node.
  globalAgent.options.ca = readFileSync(join(folder, 'certificate.pem'));
  try {
    for (let i = 0; i < 3; ++i) assert.equal((await strict.crm.contacts.basicApi.getById(id(1))).id, id(1));
  } finally {
    delete globalAgent.options.ca;
  }
});
