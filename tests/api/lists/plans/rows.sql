-- An exchange of 50,000 partnerships, as templates for both databases: {numbers COUNT}, {id KIND NUMBER} and {at NUMBER}
-- are replaced. Each filter has a value that at most a few hundred rows have, planted by `i % 1000`, and one that most have.
-- The slugs `zxq-1` and `zxq-3` are looked up: the first is named by 50 rows, the second by 500 or 1,000. The first
-- partnership, member and session have hundreds of sub-resources, but no more than people make: 50 items on an agenda.

{numbers 50000} INSERT INTO utility (id, version, created_at, updated_at, slug, name, name_key, aliases, kind, country, city, city_key, climate_zone, visibility)
SELECT {id 1 i}, 1, {at i}, {at (i * 7 % 50000)}, 'zxq-' || i, 'Zxqwerk ' || (i * 7919 % 50000), 'zxqwerk ' || (i * 7919 % 50000), '[]',
  CASE WHEN i % 1000 = 1 THEN 'municipal' ELSE 'partner' END,
  CASE WHEN i % 1000 = 1 THEN 'DE' WHEN i % 1000 = 2 THEN 'JO' WHEN i % 7 = 0 THEN 'UA' ELSE 'ZM' END,
  'Ort ' || (i % 2000), 'ort ' || (i % 2000), CASE WHEN i % 1000 = 3 THEN 'EF' WHEN i % 5 = 0 THEN NULL ELSE 'Cfb' END,
  CASE WHEN i % 1000 = 4 THEN 'internal' WHEN i % 10 = 0 THEN 'members' ELSE 'public' END FROM n;

{numbers 50000} INSERT INTO utility_set (owner_id, field, value, position)
SELECT {id 1 i}, 'sectors', CASE WHEN i % 1000 = 5 THEN 'waste' ELSE 'water' END, 0 FROM n UNION ALL
SELECT {id 1 i}, 'languages', CASE WHEN i % 1000 = 6 THEN 'ar' ELSE 'de' END, 0 FROM n UNION ALL
SELECT {id 1 i}, 'expertise', CASE WHEN i % 1000 = 7 THEN 'gis' ELSE 'tariffs' END, 0 FROM n UNION ALL
SELECT {id 1 i}, 'needs', CASE WHEN i % 1000 = 8 THEN 'gis' ELSE 'tariffs' END, 0 FROM n;

{numbers 1000} INSERT INTO organisation (id, version, created_at, updated_at, slug, name, name_key, aliases, kind, country)
SELECT {id 14 i}, 1, {at i}, {at (i * 7 % 50000)}, 'zxq-' || i, 'Zxqamt ' || i, 'zxqamt ' || i, '[]',
  CASE WHEN i % 100 = 1 THEN 'ngo' ELSE 'agency' END, CASE WHEN i % 100 = 2 THEN 'JO' ELSE 'DE' END FROM n;

{numbers 1000} INSERT INTO funding_programme (id, version, created_at, updated_at, slug, name, name_key, kind, start_first, end_last)
SELECT {id 15 i}, 1, {at i}, {at (i * 7 % 50000)}, 'zxq-' || i, 'Zxqtopf ' || i, 'zxqtopf ' || i,
  CASE WHEN i % 100 = 1 THEN 'advisory' ELSE 'grant' END, '' || (1990 + i % 40) || '-01-01', '' || (2000 + i % 40) || '-12-31' FROM n;

{numbers 1000} INSERT INTO funding_programme_set (owner_id, field, value, position)
SELECT {id 15 i}, 'sectors', CASE WHEN i % 100 = 2 THEN 'waste' ELSE 'water' END, 0 FROM n UNION ALL
SELECT {id 15 i}, 'countries', CASE WHEN i % 100 = 3 THEN 'JO' ELSE 'UA' END, 0 FROM n;

{numbers 1000} INSERT INTO funding_programme_party (owner_id, position, field, organisation_id)
SELECT {id 15 i}, 0, 'funders', {id 14 (CASE WHEN i % 100 = 4 THEN 1 ELSE 3 END)} FROM n;

{numbers 50000} INSERT INTO partnership (id, version, created_at, updated_at, slug, title, title_key, status, start_first, end_last, visibility)
SELECT {id 2 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, 'zxq-' || i, 'Zxqbund ' || (i * 7919 % 50000), 'zxqbund ' || (i * 7919 % 50000),
  CASE WHEN i % 1000 = 1 THEN 'idea' WHEN i % 5 = 2 THEN NULL WHEN i % 5 = 3 THEN 'completed' ELSE 'active' END,
  CASE WHEN i % 1000 = 2 THEN '1850-01-01' WHEN i % 1000 = 3 THEN '2150-01-01' WHEN i % 9 = 0 THEN '' ELSE '' || (1990 + i % 40) || '-01-01' END,
  CASE WHEN i % 1000 = 2 THEN '1850-12-31' WHEN i % 1000 = 3 THEN '2150-12-31' WHEN i % 2 = 0 THEN '' ELSE '' || (2000 + i % 40) || '-12-31' END,
  CASE WHEN i % 1000 = 4 THEN 'internal' WHEN i % 10 = 0 THEN 'members' ELSE 'public' END FROM n;

{numbers 50000} INSERT INTO partnership_set (owner_id, field, value, position)
SELECT {id 2 i}, 'sectors', CASE WHEN i % 1000 = 5 THEN 'waste' ELSE 'water' END, 0 FROM n UNION ALL
SELECT {id 2 i}, 'working_areas', CASE WHEN i % 1000 = 6 THEN 'gis' ELSE 'tariffs' END, 0 FROM n UNION ALL
SELECT {id 2 i}, 'sdg_targets', CASE WHEN i % 1000 = 7 THEN '17.1' ELSE '6.1' END, 0 FROM n;

{numbers 50000} INSERT INTO partnership_party (owner_id, position, field, utility_id, organisation_id, country)
SELECT {id 2 i}, 0, 'lead', {id 1 (CASE WHEN i % 1000 = 8 THEN 1 WHEN i % 100 = 8 THEN 3 ELSE i END)}, CAST(NULL AS uuid), 'DE' FROM n UNION ALL
SELECT {id 2 i}, 1, 'partner', {id 1 (1 + i * 3 % 50000)}, CAST(NULL AS uuid), CASE WHEN i % 1000 = 9 THEN 'JO' WHEN i % 7 = 0 THEN 'UA' ELSE 'ZM' END FROM n UNION ALL
SELECT {id 2 i}, 2, 'supporting', NULL, {id 14 (CASE WHEN i % 1000 = 10 THEN 1 WHEN i % 50 = 10 THEN 3 ELSE 4 + i % 990 END)}, NULL FROM n;

INSERT INTO partnership_country (owner_id, country, value, version, deleted_at, status, visibility, start_first, title_key)
SELECT owner.id, party.country, '', owner.version, owner.deleted_at, owner.status, owner.visibility, owner.start_first, owner.title_key
FROM partnership AS owner JOIN partnership_party AS party ON party.owner_id = owner.id AND party.position = 1 WHERE owner.slug LIKE 'zxq-%';

INSERT INTO partnership_country (owner_id, country, value, version, deleted_at, status, visibility, start_first, title_key)
SELECT place.owner_id, place.country, entry.value, place.version, place.deleted_at, place.status, place.visibility, place.start_first, place.title_key
FROM partnership_country AS place JOIN partnership_set AS entry ON entry.owner_id = place.owner_id AND entry.field = 'sectors'
WHERE place.title_key LIKE 'zxqbund %';

{numbers 50000} INSERT INTO funding (id, version, created_at, updated_at, partnership_id, programme_id, kind, from_first)
SELECT {id 3 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 2 (CASE WHEN i % 100 = 0 THEN 1 ELSE i END)}, {id 15 (CASE WHEN i % 1000 = 1 THEN 1 WHEN i % 50 = 1 THEN 3 ELSE 4 + i % 990 END)},
  CASE WHEN i % 1000 = 0 THEN 'in_kind' ELSE 'grant' END, '' || (1990 + i % 40) || '-01-01' FROM n;

{numbers 50000} INSERT INTO activity (id, version, created_at, updated_at, partnership_id, kind, title, title_key, starts_on, last_on, country)
SELECT {id 4 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 2 (CASE WHEN i % 100 = 0 THEN 1 ELSE i END)}, CASE WHEN i % 1000 = 0 THEN 'study' ELSE 'mission' END,
  'Zxqreise ' || (i * 7919 % 50000), 'zxqreise ' || (i * 7919 % 50000),
  CASE WHEN i % 1000 = 100 THEN '1850-01-01' WHEN i % 1000 = 200 THEN '2150-01-01' ELSE '' || (1990 + i % 40) || '-05-0' || (1 + i % 9) END, '2150-01-01',
  CASE WHEN i % 1000 = 300 THEN 'JO' ELSE 'ZM' END FROM n;

{numbers 50000} INSERT INTO result (id, version, created_at, updated_at, partnership_id, name, name_key, unit, sdg_target, "values")
SELECT {id 5 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 2 (CASE WHEN i % 100 = 0 THEN 1 ELSE i END)}, 'Zxqwert ' || (i * 7919 % 50000), 'zxqwert ' || (i * 7919 % 50000), '%',
  CASE WHEN i % 1000 = 0 THEN '17.1' ELSE '6.1' END, '[{"on": "2024-12-31", "value": "7", "reported": true}]' FROM n;

{numbers 50000} INSERT INTO result_party (owner_id, position, field, utility_id)
SELECT {id 5 i}, 0, 'reported_by', {id 1 (CASE WHEN i % 1000 = 8 THEN 1 WHEN i % 100 = 8 THEN 3 ELSE i END)} FROM n;

{numbers 50000} INSERT INTO document (id, version, created_at, updated_at, partnership_id, title, title_key, url, kind, language)
SELECT {id 6 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 2 (CASE WHEN i % 100 = 0 THEN 1 ELSE i END)}, 'Zxqblatt ' || (i * 7919 % 50000), 'zxqblatt ' || (i * 7919 % 50000), 'https://zxq.example',
  CASE WHEN i % 1000 = 0 THEN 'contract' ELSE 'mou' END, CASE WHEN i % 1000 = 100 THEN 'ar' ELSE 'de' END FROM n;

{numbers 2000} INSERT INTO member (id, version, created_at, updated_at, utility_id, status, joined_on, regional_group)
SELECT {id 7 i}, 1, {at i}, {at (i * 7 % 50000)}, {id 1 i}, CASE WHEN i % 1000 = 6 THEN 'left' ELSE 'active' END,
  CASE WHEN i % 4 = 0 THEN NULL ELSE '' || (2000 + i % 20) || '-01-01' END,
  CASE WHEN i % 1000 = 2 THEN 'zxq-1' WHEN i % 4 = 0 THEN NULL ELSE 'zxq-3' END FROM n;

{numbers 2000} INSERT INTO member_set (owner_id, field, value, position)
SELECT {id 7 i}, 'sectors', CASE WHEN i % 1000 = 3 THEN 'waste' ELSE 'water' END, 0 FROM n UNION ALL
SELECT {id 7 i}, 'countries', CASE WHEN i % 1000 = 4 THEN 'JO' ELSE 'UA' END, 0 FROM n UNION ALL
SELECT {id 7 i}, 'working_areas', CASE WHEN i % 1000 = 5 THEN 'gis' ELSE 'tariffs' END, 0 FROM n;

{numbers 50000} INSERT INTO contact (id, version, created_at, updated_at, member_id, given_name, given_name_key, family_name, family_name_key, name_key, email, language, is_primary, consents, in_directory)
SELECT {id 8 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 7 (CASE WHEN i % 100 = 0 THEN 1 ELSE 1 + i % 2000 END)}, 'Zxq' || (i * 7919 % 499), 'zxq' || (i * 7919 % 499), 'Zxqfrau ' || i, 'zxqfrau ' || i,
  'zxq' || (i * 7919 % 499) || ' zxqfrau ' || i, 'Zxq' || i || '@zxq.example', CASE WHEN i % 1000 = 0 THEN 'ar' ELSE 'de' END, i <= 2000 AND i % 100 <> 0, '{}', true FROM n;

{numbers 500} INSERT INTO topic (id, version, created_at, updated_at, slug, title, title_key, titles, proposed_by_id, status)
SELECT {id 16 i}, 1, {at i}, {at (i * 7 % 50000)}, 'zxq-' || i, 'Zxqfrage ' || i, 'zxqfrage ' || i, '{"de": "Zxqfrage"}',
  {id 7 (CASE WHEN i % 100 = 1 THEN 1 ELSE 3 END)}, CASE WHEN i % 100 = 2 THEN 'declined' ELSE 'proposed' END FROM n;

{numbers 500} INSERT INTO topic_set (owner_id, field, value, position)
SELECT {id 16 i}, 'sectors', CASE WHEN i % 100 = 3 THEN 'waste' ELSE 'water' END, 0 FROM n;

{numbers 500} INSERT INTO support (id, topic_id, member_id, given, version, updated_at)
SELECT {id 30 i}, {id 16 i}, {id 7 (CASE WHEN i % 100 = 1 THEN 1 ELSE 3 END)}, true, 1, {at i} FROM n;

{numbers 500} INSERT INTO policy_update (id, version, created_at, updated_at, title, title_key, titles, summary, level, published_on, source_url)
SELECT {id 17 i}, 1, {at i}, {at (i * 7 % 50000)}, 'Zxqgesetz ' || i, 'zxqgesetz ' || i, '{"de": "Zxqgesetz"}', '{"de": "Zxq"}',
  CASE WHEN i % 100 = 1 THEN 'state' ELSE 'eu' END,
  CASE WHEN i % 100 = 2 THEN '1850-01-01' WHEN i % 100 = 3 THEN '2150-01-01' ELSE '2024-01-01' END, 'https://zxq.example' FROM n;

{numbers 500} INSERT INTO policy_update_set (owner_id, field, value, position)
SELECT {id 17 i}, 'sectors', CASE WHEN i % 100 = 4 THEN 'waste' ELSE 'water' END, 0 FROM n UNION ALL
SELECT {id 17 i}, 'working_areas', CASE WHEN i % 100 = 5 THEN 'gis' ELSE 'tariffs' END, 0 FROM n;

{numbers 500} INSERT INTO interest_registration (id, version, created_at, updated_at, utility_name, name_key, city, city_key, given_name, family_name, email, email_key, language, registration_consent, consents, status)
SELECT {id 18 i}, 1, {at i}, {at (i * 7 % 50000)}, 'Zxqwerk ' || i, 'zxqwerk ' || i, 'Ort', 'ort', 'Zxq', 'Zxqfrau', 'zxq@zxq.example', 'zxq@zxq.example', 'de',
  '{"given_at": "2026-01-01T00:00:00Z", "text_version": "1"}', '{}', CASE WHEN i % 100 = 1 THEN 'declined' ELSE 'confirmed' END FROM n;

{numbers 500} INSERT INTO interest_registration_set (owner_id, field, value, position)
SELECT {id 18 i}, 'sectors', CASE WHEN i % 100 = 2 THEN 'waste' ELSE 'water' END, 0 FROM n;

{numbers 50000} INSERT INTO session (id, version, created_at, updated_at, slug, title, title_key, kind, starts_on, start_key, time_zone, format, status, waiting_list, visibility)
SELECT {id 9 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, 'zxq-' || i, 'Zxqtreff ' || (i * 7919 % 50000), 'zxqtreff ' || (i * 7919 % 50000),
  CASE WHEN i % 1000 = 1 THEN 'training' ELSE 'exchange' END,
  '' || (CASE WHEN i % 1000 = 2 THEN 1850 WHEN i % 1000 = 3 THEN 2150 ELSE 2000 + i % 30 END) || '-05-05',
  '' || (CASE WHEN i % 1000 = 2 THEN 1850 WHEN i % 1000 = 3 THEN 2150 ELSE 2000 + i % 30 END) || '-05-05',
  'Europe/Berlin', CASE WHEN i % 1000 = 4 THEN 'hybrid' ELSE 'online' END,
  CASE WHEN i % 1000 = 5 THEN 'cancelled' WHEN i % 2 = 0 THEN 'held' ELSE 'published' END, true,
  CASE WHEN i % 1000 = 6 THEN 'internal' WHEN i % 10 = 0 THEN 'members' ELSE 'public' END FROM n;

{numbers 50000} INSERT INTO session_set (owner_id, field, value, position)
SELECT {id 9 i}, 'sectors', CASE WHEN i % 1000 = 7 THEN 'waste' ELSE 'water' END, 0 FROM n;

{numbers 50000} INSERT INTO session_party (owner_id, position, field, utility_id, organisation_id)
SELECT {id 9 i}, 0, 'organisers', {id 1 (CASE WHEN i % 1000 = 8 THEN 1 WHEN i % 100 = 8 THEN 3 ELSE i END)}, CAST(NULL AS uuid) FROM n UNION ALL
SELECT {id 9 i}, 1, 'organisers', NULL, {id 14 (4 + i % 990)} FROM n;

{numbers 50000} INSERT INTO registration (id, version, created_at, updated_at, session_id, member_id, contact_id, attendance, status, arrival)
SELECT {id 10 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 9 (CASE WHEN i % 200 = 0 THEN 1 ELSE i END)}, {id 7 (CASE WHEN i % 1000 = 0 THEN 1 WHEN i % 200 = 0 THEN 3 ELSE 1 + i % 2000 END)}, {id 8 i},
  CASE WHEN i % 1000 = 200 THEN 'online' ELSE 'in_person' END,
  CASE WHEN i % 1000 = 400 THEN 'cancelled' WHEN i % 7 = 0 THEN 'waitlisted' ELSE 'registered' END, '' || (1000000 + i) FROM n;

{numbers 50000} INSERT INTO agenda_item (id, version, created_at, updated_at, session_id, position, kind, title, duration_minutes)
SELECT {id 11 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 9 (CASE WHEN i % 1000 = 0 THEN 1 ELSE i END)}, '0' || (100 + i / 1000),
  CASE WHEN i % 10000 = 0 THEN 'break' ELSE 'talk' END, 'Zxqrede', 10 FROM n;

{numbers 50000} INSERT INTO guest (id, version, created_at, updated_at, session_id, name, name_key, status)
SELECT {id 12 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 9 (CASE WHEN i % 100 = 0 THEN 1 ELSE i END)}, 'Zxqgast ' || (i * 7919 % 50000), 'zxqgast ' || (i * 7919 % 50000),
  CASE WHEN i % 1000 = 0 THEN 'declined' ELSE 'confirmed' END FROM n;

{numbers 50000} INSERT INTO minutes (id, version, created_at, updated_at, session_id, text, decisions, status)
SELECT {id 13 i}, 1, {at i}, {at (CASE WHEN i % 1000 = 11 THEN 80000000 + i ELSE i * 7 % 50000 END)}, {id 9 (CASE WHEN i % 5000 = 0 THEN 1 ELSE i END)}, '{"de": "Zxqtext"}', '[]',
  CASE WHEN i % 10000 = 0 THEN 'draft' ELSE 'published' END FROM n;

{numbers 500} INSERT INTO "user" (id, version, created_at, updated_at, email, email_key, name, name_key, role, disabled)
SELECT {id 19 i}, 1, {at i}, {at (i * 7 % 50000)}, 'zxq' || i || '@zxq.example', 'zxq' || i || '@zxq.example', 'Zxqfrau ' || i, 'zxqfrau ' || i,
  CASE WHEN i % 100 = 1 THEN 'reader' ELSE 'member' END, i % 100 = 2 FROM n;

{numbers 500} INSERT INTO user_party (owner_id, position, field, utility_id)
SELECT {id 19 i}, 0, 'utilities', {id 1 (CASE WHEN i % 100 = 3 THEN 1 ELSE 3 END)} FROM n;

{numbers 500} INSERT INTO webhook (id, version, created_at, updated_at, name, name_key, url, content, as_role, enabled)
SELECT {id 20 i}, 1, {at i}, {at (i * 7 % 50000)}, 'Zxqhaken ' || i, 'zxqhaken ' || i, 'https://zxq.example', 'full',
  CASE WHEN i % 100 = 1 THEN 'reader' ELSE 'public' END, i % 100 <> 2 FROM n;

{numbers 500} INSERT INTO webhook_set (owner_id, field, value, position)
SELECT {id 20 i}, 'resources', CASE WHEN i % 100 = 3 THEN 'topic' ELSE 'partnership' END, 0 FROM n;

INSERT INTO slug (resource, slug, resource_id)
SELECT 'utility', slug, id FROM utility WHERE slug IN ('zxq-1', 'zxq-3') UNION ALL
SELECT 'organisation', slug, id FROM organisation WHERE slug IN ('zxq-1', 'zxq-3') UNION ALL
SELECT 'funding_programme', slug, id FROM funding_programme WHERE slug IN ('zxq-1', 'zxq-3') UNION ALL
SELECT 'partnership', slug, id FROM partnership WHERE slug IN ('zxq-1', 'zxq-3') UNION ALL
SELECT 'session', slug, id FROM session WHERE slug IN ('zxq-1', 'zxq-3') UNION ALL
SELECT 'topic', slug, id FROM topic WHERE slug IN ('zxq-1', 'zxq-3')
