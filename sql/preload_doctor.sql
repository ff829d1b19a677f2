-- With the library preloaded, doctor says that reads are audited.
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'preload';
