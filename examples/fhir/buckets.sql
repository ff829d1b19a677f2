-- One bucket per clinic: the charts of its patients, its staff, and of the prescriptions only those in force.
-- The profile withhold lets no PHI out: devices get ids, statuses and what else is tagged none, enough to know that
-- something changed and to ask for it; the values stay in the database.
SELECT phisync.create_bucket(
  name => 'clinic',
  parameters => $$SELECT clinic_id FROM fhir.staff WHERE user_id = auth.user_id()$$,
  data => ARRAY[
    $$SELECT * FROM fhir.clinic WHERE id = bucket.clinic_id$$,
    $$SELECT id, clinic_id, prefix, given, family FROM fhir.staff WHERE clinic_id = bucket.clinic_id$$,
    $$SELECT * FROM fhir.patient WHERE clinic_id = bucket.clinic_id$$,
    $$SELECT * FROM fhir.encounter WHERE clinic_id = bucket.clinic_id$$,
    $$SELECT * FROM fhir.observation WHERE clinic_id = bucket.clinic_id$$,
    $$SELECT * FROM fhir.condition WHERE clinic_id = bucket.clinic_id$$,
    $$SELECT * FROM fhir.medication_request WHERE clinic_id = bucket.clinic_id AND status = 'active'$$,
    $$SELECT * FROM fhir.immunization WHERE clinic_id = bucket.clinic_id$$,
    $$SELECT * FROM fhir.claim WHERE clinic_id = bucket.clinic_id$$
  ],
  profile => 'withhold');
