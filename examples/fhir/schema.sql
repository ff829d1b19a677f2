-- A small practice database after FHIR R4: which patients a clinic looks after, and their charts.
-- Keys are the ids of the FHIR resources; codes stand with their system, as FHIR gives them.
--
-- A chart belongs to the clinic that looks after the patient now, so each row of it carries clinic_id beside
-- patient_id. A bucket query reads one table, hence the copy; the foreign key on both columns keeps it true, and
-- its ON UPDATE CASCADE moves a whole chart when patient.clinic_id changes.
--
-- Replica identity: logical decoding sees of an old row only its replica identity. To tell which bucket a deleted or
-- moved row leaves, the primary key, the bucket's parameter and the columns of its filter must be in it. A unique index
-- over just these is chosen here: REPLICA IDENTITY FULL would do as well, but writes each old row, with all its PHI,
-- into the WAL once more.
CREATE SCHEMA fhir;

CREATE TABLE fhir.clinic (  -- Organization
  id uuid PRIMARY KEY,
  name text NOT NULL,
  phone text,
  street text,
  city text,
  state text,
  zip text
);

CREATE TABLE fhir.staff (  -- Practitioner
  id uuid PRIMARY KEY,
  clinic_id uuid NOT NULL REFERENCES fhir.clinic,
  user_id text NOT NULL UNIQUE,  -- the login in the application; the loader makes it from the name
  npi text,
  prefix text,
  given text,
  family text NOT NULL,
  UNIQUE (id, clinic_id)
);
ALTER TABLE fhir.staff REPLICA IDENTITY USING INDEX staff_id_clinic_id_key;

CREATE TABLE fhir.patient (  -- Patient
  id uuid PRIMARY KEY,
  clinic_id uuid NOT NULL REFERENCES fhir.clinic,
  mrn text NOT NULL UNIQUE,
  ssn text,
  given text,
  family text NOT NULL,
  mothers_maiden_name text,
  sex text,
  birth_date date NOT NULL,
  deceased_at timestamptz,
  phone text,
  street text,
  city text,
  state text,
  zip text,
  latitude numeric,
  longitude numeric,
  language text,
  UNIQUE (id, clinic_id)
);
CREATE INDEX ON fhir.patient (clinic_id);
ALTER TABLE fhir.patient REPLICA IDENTITY USING INDEX patient_id_clinic_id_key;

CREATE TABLE fhir.encounter (  -- Encounter
  id uuid PRIMARY KEY,
  patient_id uuid NOT NULL,
  clinic_id uuid NOT NULL,
  seen_at_clinic_id uuid NOT NULL REFERENCES fhir.clinic,  -- stays when the chart moves
  seen_by_staff_id uuid REFERENCES fhir.staff,
  status text NOT NULL,
  class text NOT NULL,
  code text,
  display text,
  reason_code text,
  reason_display text,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  FOREIGN KEY (patient_id, clinic_id) REFERENCES fhir.patient (id, clinic_id) ON UPDATE CASCADE,
  UNIQUE (id, clinic_id)
);
CREATE INDEX ON fhir.encounter (patient_id, clinic_id);
ALTER TABLE fhir.encounter REPLICA IDENTITY USING INDEX encounter_id_clinic_id_key;

CREATE TABLE fhir.observation (  -- Observation
  id uuid PRIMARY KEY,
  patient_id uuid NOT NULL,
  clinic_id uuid NOT NULL,
  encounter_id uuid REFERENCES fhir.encounter,
  status text NOT NULL,
  category text,
  code_system text NOT NULL,
  code text NOT NULL,
  display text,
  value_number numeric,
  value_unit text,
  value_text text,
  components jsonb,  -- of a panel such as a blood pressure: [{"code", "display", "value", "unit"}]
  effective_at timestamptz NOT NULL,
  FOREIGN KEY (patient_id, clinic_id) REFERENCES fhir.patient (id, clinic_id) ON UPDATE CASCADE,
  UNIQUE (id, clinic_id)
);
CREATE INDEX ON fhir.observation (patient_id, clinic_id);
CREATE INDEX ON fhir.observation (encounter_id);
ALTER TABLE fhir.observation REPLICA IDENTITY USING INDEX observation_id_clinic_id_key;

CREATE TABLE fhir.condition (  -- Condition
  id uuid PRIMARY KEY,
  patient_id uuid NOT NULL,
  clinic_id uuid NOT NULL,
  encounter_id uuid REFERENCES fhir.encounter,
  clinical_status text,
  verification_status text,
  code_system text NOT NULL,
  code text NOT NULL,
  display text,
  onset_at timestamptz,
  abated_at timestamptz,
  recorded_at timestamptz NOT NULL,
  FOREIGN KEY (patient_id, clinic_id) REFERENCES fhir.patient (id, clinic_id) ON UPDATE CASCADE,
  UNIQUE (id, clinic_id)
);
CREATE INDEX ON fhir.condition (patient_id, clinic_id);
CREATE INDEX ON fhir.condition (encounter_id);
ALTER TABLE fhir.condition REPLICA IDENTITY USING INDEX condition_id_clinic_id_key;

CREATE TABLE fhir.medication_request (  -- MedicationRequest
  id uuid PRIMARY KEY,
  patient_id uuid NOT NULL,
  clinic_id uuid NOT NULL,
  encounter_id uuid REFERENCES fhir.encounter,
  requested_by_staff_id uuid REFERENCES fhir.staff,
  status text NOT NULL,
  intent text NOT NULL,
  code_system text,
  code text,
  display text,
  authored_at timestamptz NOT NULL,
  FOREIGN KEY (patient_id, clinic_id) REFERENCES fhir.patient (id, clinic_id) ON UPDATE CASCADE,
  UNIQUE (id, clinic_id, status)  -- status: the clinic bucket holds active prescriptions alone
);
CREATE INDEX ON fhir.medication_request (patient_id, clinic_id);
CREATE INDEX ON fhir.medication_request (encounter_id);
ALTER TABLE fhir.medication_request REPLICA IDENTITY USING INDEX medication_request_id_clinic_id_status_key;

CREATE TABLE fhir.immunization (  -- Immunization
  id uuid PRIMARY KEY,
  patient_id uuid NOT NULL,
  clinic_id uuid NOT NULL,
  encounter_id uuid REFERENCES fhir.encounter,
  status text NOT NULL,
  code_system text NOT NULL,
  code text NOT NULL,
  display text,
  given_at timestamptz NOT NULL,
  FOREIGN KEY (patient_id, clinic_id) REFERENCES fhir.patient (id, clinic_id) ON UPDATE CASCADE,
  UNIQUE (id, clinic_id)
);
CREATE INDEX ON fhir.immunization (patient_id, clinic_id);
CREATE INDEX ON fhir.immunization (encounter_id);
ALTER TABLE fhir.immunization REPLICA IDENTITY USING INDEX immunization_id_clinic_id_key;

CREATE TABLE fhir.claim (  -- Claim
  id uuid PRIMARY KEY,
  patient_id uuid NOT NULL,
  clinic_id uuid NOT NULL,
  encounter_id uuid REFERENCES fhir.encounter,
  status text NOT NULL,
  type text NOT NULL,
  coverage text,
  total numeric(12, 2),
  currency text,
  created_at timestamptz NOT NULL,
  FOREIGN KEY (patient_id, clinic_id) REFERENCES fhir.patient (id, clinic_id) ON UPDATE CASCADE,
  UNIQUE (id, clinic_id)
);
CREATE INDEX ON fhir.claim (patient_id, clinic_id);
CREATE INDEX ON fhir.claim (encounter_id);
ALTER TABLE fhir.claim REPLICA IDENTITY USING INDEX claim_id_clinic_id_key;
