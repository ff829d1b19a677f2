-- CREATE EXTENSION makes the schema, the roles and nothing outside them; library and script agree on the version.
SELECT phisync.version() = extversion AS library_matches FROM pg_extension WHERE extname = 'phisync';
SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname LIKE 'phisync\_%' ORDER BY rolname;
-- Every object says what it is.
SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'phisync'
WHERE c.relkind IN ('r', 'p', 'v') AND obj_description(c.oid, 'pg_class') IS NULL;
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'phisync'
WHERE obj_description(p.oid, 'pg_proc') IS NULL;
-- No SECURITY DEFINER function without a fixed search path; none of them open to everybody unless listed here.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'phisync'
WHERE p.prosecdef AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false);
-- It goes without a trace but the roles, and can come back.
SELECT current_database() AS this \gset
CREATE DATABASE regress_again;
\c regress_again
CREATE EXTENSION phisync;
DROP EXTENSION phisync CASCADE;
CREATE EXTENSION phisync;
DROP EXTENSION phisync CASCADE;
SELECT count(*) AS left_over FROM pg_namespace WHERE nspname = 'phisync';
\c :this
DROP DATABASE regress_again;
