-- What each column of the FHIR example holds. A column that is not named here would be unclassified, which streams and
-- audit treat as PHI; none says: somebody looked, and it is not.
--
-- Ids made by a computer say nothing about a person by themselves, so they are none; `subject` marks the one that names
-- the patient, for the audit trail. Names of staff and clinics are no patient's data. quasi: identifies together with
-- other such columns. Money and coverage are part of health information, as treatment is.

SELECT count(phisync.tag('fhir.clinic', name, 'none')) AS clinic
FROM unnest(ARRAY['id', 'name', 'phone', 'street', 'city', 'state', 'zip']) name;

SELECT count(phisync.tag('fhir.staff', name, 'none')) AS staff
FROM unnest(ARRAY['id', 'clinic_id', 'user_id', 'npi', 'prefix', 'given', 'family']) name;

SELECT count(phisync.tag('fhir.patient', name, label)) AS patient
FROM (VALUES
  ('id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('mrn', 'phi:mrn'),
  ('ssn', 'phi:ssn'),
  ('given', 'phi:name.given'),
  ('family', 'phi:name.family'),
  ('mothers_maiden_name', 'phi:name.relative'),
  ('sex', 'none;quasi=yes'),
  ('birth_date', 'phi:date.birth'),
  ('deceased_at', 'phi:date.death'),
  ('phone', 'phi:phone'),
  ('street', 'phi:geo.street'),
  ('city', 'phi:geo.city'),
  ('state', 'none;quasi=yes'),
  ('zip', 'phi:geo.zip'),
  ('latitude', 'phi:geo.latlon'),
  ('longitude', 'phi:geo.latlon'),
  ('language', 'none;quasi=yes')
) t (name, label);

SELECT count(phisync.tag('fhir.encounter', name, label)) AS encounter
FROM (VALUES
  ('id', 'none'),
  ('patient_id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('seen_at_clinic_id', 'none'),
  ('seen_by_staff_id', 'none'),
  ('status', 'none'),
  ('class', 'none'),
  ('code', 'phi:clinical'),
  ('display', 'phi:clinical'),
  ('reason_code', 'phi:clinical.dx'),
  ('reason_display', 'phi:clinical.dx'),
  ('started_at', 'phi:date.service'),
  ('ended_at', 'phi:date.service')
) t (name, label);

SELECT count(phisync.tag('fhir.observation', name, label)) AS observation
FROM (VALUES
  ('id', 'none'),
  ('patient_id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('encounter_id', 'none'),
  ('status', 'none'),
  ('category', 'none'),
  ('code_system', 'none'),
  ('code', 'phi:clinical.lab'),
  ('display', 'phi:clinical.lab'),
  ('value_number', 'phi:clinical.lab'),
  ('value_unit', 'phi:clinical.lab'),
  ('value_text', 'phi:clinical.lab'),
  ('components', 'phi:clinical.lab'),
  ('effective_at', 'phi:date.service')
) t (name, label);

SELECT count(phisync.tag('fhir.condition', name, label)) AS condition
FROM (VALUES
  ('id', 'none'),
  ('patient_id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('encounter_id', 'none'),
  ('clinical_status', 'none'),
  ('verification_status', 'none'),
  ('code_system', 'none'),
  ('code', 'phi:clinical.dx'),
  ('display', 'phi:clinical.dx'),
  ('onset_at', 'phi:date.service'),
  ('abated_at', 'phi:date.service'),
  ('recorded_at', 'phi:date.service')
) t (name, label);

SELECT count(phisync.tag('fhir.medication_request', name, label)) AS medication_request
FROM (VALUES
  ('id', 'none'),
  ('patient_id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('encounter_id', 'none'),
  ('requested_by_staff_id', 'none'),
  ('status', 'none'),
  ('intent', 'none'),
  ('code_system', 'none'),
  ('code', 'phi:clinical.rx'),
  ('display', 'phi:clinical.rx'),
  ('authored_at', 'phi:date.service')
) t (name, label);

SELECT count(phisync.tag('fhir.immunization', name, label)) AS immunization
FROM (VALUES
  ('id', 'none'),
  ('patient_id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('encounter_id', 'none'),
  ('status', 'none'),
  ('code_system', 'none'),
  ('code', 'phi:clinical.rx'),
  ('display', 'phi:clinical.rx'),
  ('given_at', 'phi:date.service')
) t (name, label);

SELECT count(phisync.tag('fhir.claim', name, label)) AS claim
FROM (VALUES
  ('id', 'none'),
  ('patient_id', 'none;subject=patient'),
  ('clinic_id', 'none'),
  ('encounter_id', 'none'),
  ('status', 'none'),
  ('type', 'none'),
  ('coverage', 'phi:plan'),
  ('total', 'phi:clinical'),
  ('currency', 'none'),
  ('created_at', 'phi:date.service')
) t (name, label);
