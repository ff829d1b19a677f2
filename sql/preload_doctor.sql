-- With the library preloaded, doctor says that reads are audited.
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'preload';

-- And how they are enforced.
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'read enforcement';
CREATE ROLE regress_doctor_nurse;
SELECT phisync.set_read_enforcement('audit'), phisync.set_read_enforcement('deny', 'regress_doctor_nurse');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'read enforcement';
-- Somebody changes it by hand, which no trail shows: told as failing where less is enforced than an officer said.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET phisync.read_enforcement = deny', current_database());
  EXECUTE format('ALTER ROLE regress_doctor_nurse IN DATABASE %I SET phisync.read_enforcement = off', current_database());
END
$$;
ALTER ROLE regress_doctor_nurse SET phisync.read_enforcement = 'audit';
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'read enforcement';
-- The remedies mend it.
ALTER ROLE regress_doctor_nurse RESET phisync.read_enforcement;
SELECT phisync.set_read_enforcement('audit', NULL), phisync.set_read_enforcement('deny', 'regress_doctor_nurse');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'read enforcement';
-- Removed by hand: the role has what is set for all.
DO $$
BEGIN
  EXECUTE format('ALTER ROLE regress_doctor_nurse IN DATABASE %I RESET ALL', current_database());
END
$$;
SELECT * FROM phisync.read_enforcement_drift();
SELECT phisync.set_read_enforcement('deny');
SELECT * FROM phisync.read_enforcement_drift();
SELECT phisync.set_read_enforcement(NULL), phisync.set_read_enforcement(NULL, 'regress_doctor_nurse');
SELECT * FROM phisync.read_enforcement_drift();
DROP ROLE regress_doctor_nurse;
