-- With the library preloaded, doctor says that reads are audited.
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'preload';

-- And how they are enforced.
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'read enforcement';
CREATE ROLE regress_doctor_nurse;
SELECT phisync.set_read_enforcement('audit'), phisync.set_read_enforcement('deny', 'regress_doctor_nurse');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'read enforcement';
SELECT phisync.set_read_enforcement(NULL), phisync.set_read_enforcement(NULL, 'regress_doctor_nurse');
DROP ROLE regress_doctor_nurse;
